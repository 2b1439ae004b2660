// Share the link to a comment.

/**
 * Open the browser's dialog to share `link`, the anchor of the comment `li`; without one, copy its URL, else go to it.
 * @param {import("./shown-thread.js").ShownThread} thread @param {HTMLElement} li @param {HTMLAnchorElement} link
 */
export async function share(thread, li, { hash }) {
  const url = location.href.split("#")[0] + hash; // not the link's own URL: the page may have a <base>
  thread.clearMessages();
  try {
    await navigator.share({ url });
  } catch (/** @type {any} */ { name }) {
    if (name === "AbortError") return; // the reader closed the dialog
    try {
      await navigator.clipboard.writeText(url);
      thread.showMessage("copied", li);
    } catch {
      location.hash = hash;
    }
  }
}
