// Ways to a form and out of it: the prompt, keys, the link to cancel.

import { draftName, linkAction } from "./forms.js";
import { commentOf, inComment } from "./tree.js";

/** @typedef {import("./shown-thread.js").ShownThread} ShownThread */

/** Go to the form for a comment on the article. The prompt above the comments opens it in its place. @param {ShownThread} thread @param {Element} link */
export function goToForm(thread, link) {
  const form = /** @type {HTMLElement} */ (thread.query("#form"));
  thread.cameFrom = commentOf(thread.root.elementFromPoint(innerWidth / 2, innerHeight / 2));
  if (link.matches(".prompt a")) link.parentElement?.after(form);
  form.querySelector("textarea")?.focus();
}

/** Ctrl or ⌘ with Enter sends a form; Escape closes it and keeps its words. @param {ShownThread} thread @param {KeyboardEvent} event */
export function pressKey(thread, { key, ctrlKey, metaKey, target }) {
  const form = /** @type {Element} */ (target).closest("form");
  if (form && key === "Enter" && (ctrlKey || metaKey)) form.requestSubmit();
  if (form && key === "Escape") closeForm(thread, form);
}

/** @param {ShownThread} thread @param {HTMLElement} form */
export function cancelForm(thread, form) {
  closeForm(thread, form);
  thread.drafts.set(draftName(form));
  form.remove();
}

/** Hide a form with its words. @param {ShownThread} thread @param {HTMLElement} form */
function closeForm(thread, form) {
  const { action } = form.dataset;
  const li = commentOf(form);
  if (form.id === "form") {
    if (!form.previousElementSibling?.matches(".prompt")) return;
    thread.section.append(form);
    thread.query(".prompt a")?.focus();
  }
  form.hidden = Boolean(li);
  if (li) inComment(li, `[data-action=${linkAction(action)}]`)?.focus();
}
