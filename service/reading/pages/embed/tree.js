// The tree of comments in the page: find, insert, replace and remove comments.

import { make } from "./render.js";

const COMMENT = ":is(li,section)[id^=comment-]";

/** Find a comment by its id, or by the id that it had before it was imported. @param {ParentNode} root @param {string} id */
export function find(root, id) {
  return commentOf(root.querySelector(`[id="comment-${id}"]`));
}

/** The comment that contains an element. @param {Element | null} within @returns {HTMLElement | null | undefined} */
export function commentOf(within) {
  return within?.closest(COMMENT);
}

/** @param {Element} li */
export function idOf(li) {
  return li.id.slice(8);
}

/** Find an element in a comment itself, not in its replies. @param {Element} li @param {string} [selector] @returns {HTMLElement | null} */
export function inComment(li, selector = "") {
  return li.querySelector(`:scope > article ${selector}`);
}

/** @param {Element} li @returns {number} */
function depthOf(li) {
  const above = li.parentElement?.closest("li");
  return above ? depthOf(above) + 1 : 0;
}

/** @param {Element} li @returns {Element} */
function repliesOf(li) {
  const list = li.querySelector(".replies");
  if (list) return list;
  const details = li.appendChild(make("details", ""));
  details.open = true;
  details.append(make("summary", ""));
  return details.appendChild(make("ol", "replies"));
}

/** @param {ParentNode} root @returns {HTMLElement[]} */
export function commentsIn(root) {
  return [...root.querySelectorAll(COMMENT)].map((li) => /** @type {HTMLElement} */ (li));
}

/** How many comments are shown to everyone. @param {ParentNode} root */
export function countShown(root) {
  return commentsIn(root).filter((li) => !li.matches(".held,.decided") && !inComment(li, ".removed")).length;
}

/** Append the next page of comments; returns its first comment. @param {Element} list @param {Element} page */
export function append(list, page) {
  const added = commentsIn(page);
  for (const li of added) find(list, idOf(li))?.remove(); // it was inserted before its page was loaded
  merge(list, list, page);
  return added[0];
}

/** Append the comments of `page` to `at`. Lines above them stand for comments of the `list`. @param {Element} list @param {Element} at @param {Element} page */
function merge(list, at, page) {
  for (const li of [...page.children]) {
    const known = li.id.startsWith("above-") && list.querySelector(`[id$="${li.id.slice(6)}"]`);
    if (known) merge(list, repliesOf(known), /** @type {Element} */ (li.lastElementChild));
    else at.insertBefore(li, at.querySelector(":scope > [data-ahead]"));
  }
}

/**
 * Insert `li` below its parent, in order of time, if the parent is in the page. Ids sort by time (RFC 9562,
 * section 5.7).
 * @param {import("./shown-thread.js").ShownThread} thread @param {HTMLElement} li
 * @param {string | null} parent @param {number} depth
 */
export function insert({ list, newestFirst, more }, li, parent, depth) {
  const above = parent && find(list, parent);
  if (parent && !above) return;
  // At the maximum depth a reply is inserted beside its parent.
  const siblings = above ? (depthOf(above) < depth ? repliesOf(above) : /** @type {Element} */ (above.parentElement)) : list;
  const isReversed = newestFirst && siblings === list;
  const next = [...siblings.children].find((each) => (isReversed ? each.id < li.id : each.id > li.id));
  if (siblings === list && more && !next) li.dataset.ahead = "";
  siblings.insertBefore(li, next ?? null);
}

/** Replace the content of `old` by that of `fresh`; its replies stay. @param {HTMLElement} old @param {HTMLElement} fresh */
export function replace(old, fresh) {
  inComment(old)?.replaceWith(/** @type {Element} */ (inComment(fresh)));
  old.className = fresh.className;
  old.dataset.revision = fresh.dataset.revision ?? "1";
}

/**
 * Remove a comment. With replies it becomes a tombstone with `message`; a tombstone without replies is removed too.
 * @param {Element} li @param {string} message
 */
export function remove(li, message) {
  if (li.querySelector(`${COMMENT}, form`)) {
    inComment(li)?.replaceChildren(make("p", "removed", message));
    li.className = "";
  } else {
    const above = commentOf(li.parentElement);
    const details = li.closest("details");
    li.remove();
    if (!details?.querySelector("li")) details?.remove();
    if (above && inComment(above, ".removed") && !above.querySelector(COMMENT)) remove(above, message);
  }
}
