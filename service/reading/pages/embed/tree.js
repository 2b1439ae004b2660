// The comments as they stand in the page: where one belongs, what takes whose place.

import { make } from "./rendering.js";

const COMMENT = "li[id^=comment-]";

/** @param {ParentNode} root @param {string} id @returns {HTMLElement | null} */
export function find(root, id) {
  return root.querySelector(`[id="comment-${id}"]`);
}

/** The comment that something is in. @param {Element | null} within @returns {HTMLElement | null | undefined} */
export function commentOf(within) {
  return within?.closest(COMMENT);
}

/** @param {Element} li */
export function idOf(li) {
  return li.id.slice(8);
}

/** What a comment itself says, without its answers. @param {Element} li @param {string} [selector] @returns {HTMLElement | null} */
export function its(li, selector = "") {
  return li.querySelector(`:scope > article ${selector}`);
}

/** Below how many comments it stands, in the page or before it. @param {HTMLElement} li @returns {number} */
function depthOf(li) {
  const above = commentOf(li.parentElement);
  return above ? depthOf(above) + 1 : Number(li.dataset.depth ?? 0);
}

/** @param {Element} li @returns {Element} */
function answersOf(li) {
  return li.querySelector(":scope > ol") ?? li.appendChild(make("ol", ""));
}

/** @param {ParentNode} root @returns {HTMLElement[]} */
function commentsIn(root) {
  return [...root.querySelectorAll(COMMENT)].map((li) => /** @type {HTMLElement} */ (li));
}

/** Add the next page of the thread; the first comment of it. @param {Element} list @param {Element} page */
export function append(list, page) {
  const added = commentsIn(page);
  for (const li of added) find(list, idOf(li))?.remove(); // it came ahead of its page
  const ahead = list.querySelector(":scope > [data-ahead]");
  for (const li of added.filter((each) => each.parentElement === page)) {
    const before = commentsIn(list).filter((each) => !each.closest("[data-ahead]"));
    const above = before.reverse().find((each) => depthOf(each) < depthOf(li));
    if (above) answersOf(above).append(li);
    else list.insertBefore(li, ahead);
  }
  return added[0];
}

/**
 * Put `li` in its place, by its time, below what it answers, where that is in the page. Ids tell the time: RFC 9562,
 * section 5.7.
 * @param {import("./shown-thread.js").ShownThread} thread @param {HTMLElement} li
 * @param {string | null} parent @param {number} depth
 */
export function place({ list, newest, more }, li, parent, depth) {
  const above = parent && find(list, parent);
  if (parent && !above) return;
  // At the deepest level an answer stands beside what it answers.
  const home = above ? (depthOf(above) < depth ? answersOf(above) : /** @type {Element} */ (above.parentElement)) : list;
  const turned = newest && home === list;
  const next = [...home.children].find((each) => (turned ? each.id < li.id : each.id > li.id));
  if (home === list && more && !next) li.dataset.ahead = "";
  delete li.dataset.depth;
  home.insertBefore(li, next ?? null);
}

/** Have `old` say what `fresh` says; what stands below it stays. @param {HTMLElement} old @param {HTMLElement} fresh */
export function renew(old, fresh) {
  its(old)?.replaceWith(/** @type {Element} */ (its(fresh)));
  old.className = fresh.className;
  old.dataset.revision = fresh.dataset.revision ?? "1";
}

/**
 * Take a comment away: where something stands below it it leaves a word, and what it was the last answer to goes too.
 * @param {Element} li @param {string} word
 */
export function remove(li, word) {
  if (li.querySelector(`${COMMENT}, form`)) {
    its(li)?.replaceChildren(make("p", "removed", word));
    li.className = "";
  } else {
    const above = commentOf(li.parentElement);
    li.remove();
    if (above && its(above, ".removed") && !above.querySelector(COMMENT)) remove(above, word);
  }
}
