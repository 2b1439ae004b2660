// Conversations that the reader folded: a comment's replies are details, which stay closed on this device.

import { plural } from "./numbers.js";
import { load, store } from "./storage.js";
import { commentOf, countShown, idOf } from "./tree.js";

/** @typedef {import("./shown-thread.js").ShownThread} ShownThread */

/** @param {ShownThread} thread @returns {string[]} */
const foldsOf = ({ foldsKey }) => load(foldsKey, [], Array.isArray);

/** @param {ShownThread} thread @param {HTMLDetailsElement} details */
export function storeFold(thread, details) {
  const li = commentOf(details);
  const folds = new Set(foldsOf(thread));
  if (!li || folds.has(idOf(li)) !== details.open) return;
  folds[details.open ? "delete" : "add"](idOf(li));
  store(thread.foldsKey, [...folds]);
}

/** Fold what the reader folded, and count the replies. @param {ShownThread} thread */
export function showFolds(thread) {
  const folds = foldsOf(thread);
  for (const details of thread.list.querySelectorAll("details")) {
    if (!details.dataset.count && folds.includes(idOf(/** @type {HTMLElement} */ (commentOf(details))))) details.open = false;
    const count = String(countShown(details));
    if (details.dataset.count !== count) /** @type {Element} */ (details.firstElementChild).textContent = plural(thread, "replies", Number(count));
    details.dataset.count = count;
  }
}
