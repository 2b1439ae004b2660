// The pages before and after the shown one: show them too, and how many replies are left there.

import { reopenForms } from "./forms.js";
import { format } from "./numbers.js";
import { append, commentsIn, countShown } from "./tree.js";

/** @typedef {import("./shown-thread.js").ShownThread} ShownThread */

/**
 * Show the page of `cursor` too: after the comments, or before them if it `isEarlier`.
 * @param {ShownThread} thread @param {string} cursor @param {boolean} isEarlier
 */
export async function showMore(thread, cursor, isEarlier) {
  const query = { ...thread.order, ...(cursor && { cursor }) };
  const page = await thread.client.fragment(query).catch(() => undefined);
  if (!page) return thread.showMessage("not_loaded");
  const { list } = thread;
  const comments = /** @type {Element} */ (page.querySelector(".comments"));
  const [first] = commentsIn(comments);
  if (isEarlier) {
    append(comments, list);
    list.replaceWith(comments);
  } else append(list, comments);
  const beside = isEarlier ? ".earlier" : ".more";
  thread.query(beside)?.replaceWith(page.querySelector(beside) ?? "");
  thread.decorate();
  reopenForms(thread);
  thread.updates.updateButton();
  thread.goTo(first);
}

/**
 * Show how many replies are left: those that are neither shown nor `pending`.
 * @param {ShownThread} thread @param {number} pending
 */
export function showLeft(thread, pending) {
  const [earlier, more] = [".earlier a", ".more a"].map((each) => thread.query(each));
  const left = thread.count - countShown(thread.list) - pending - (more && earlier ? Number(earlier.dataset.left) : 0);
  const link = more ?? earlier;
  if (!link || thread.order.order === "featured") return;
  link.dataset.left = String(left);
  /** @type {Element} */ (link.lastElementChild).textContent = left > 0 ? ` (${format(thread.section, left)})` : "";
}
