// The comments as they stand in the page: where one belongs, what takes whose place.

const COMMENT = "li[id^=comment-]";

/** @param {ParentNode} root @param {string} id @returns {HTMLLIElement | null} */
export function find(root, id) {
  return root.querySelector(`li[id="comment-${id}"]`);
}

/** @param {Element} within @returns {HTMLLIElement | null} the comment that holds it */
export function commentOf(within) {
  return within.closest(COMMENT);
}

/** @param {Element} li */
export function idOf(li) {
  return li.id.slice("comment-".length);
}

/** @param {Element} li */
export function revisionOf(li) {
  return Number(/** @type {HTMLElement} */ (li).dataset.revision ?? 1);
}

/** @param {Element} li how many comments it stands below, in the page or before it @returns {number} */
function depthOf(li) {
  const above = li.parentElement && commentOf(li.parentElement);
  return above ? depthOf(above) + 1 : Number(/** @type {HTMLElement} */ (li).dataset.depth ?? 0);
}

/** @param {Element} li @returns {Element} the list of its answers, made where there is none */
function answersOf(li) {
  return li.querySelector(":scope > ol") ?? li.appendChild(document.createElement("ol"));
}

/**
 * Add the comments of the next page of the thread; the first of them.
 * @param {Element} list @param {Element} page
 */
export function append(list, page) {
  const first = page.querySelector(COMMENT);
  for (const li of page.querySelectorAll(COMMENT)) find(list, idOf(li))?.remove(); // it came ahead of its page
  const ahead = list.querySelector(":scope > [data-ahead]");
  for (const li of [...page.children]) {
    const before = [...list.querySelectorAll(COMMENT)].filter((each) => !each.closest("[data-ahead]")).reverse();
    const above = before.find((each) => depthOf(each) < depthOf(li));
    if (above) answersOf(above).append(li);
    else list.insertBefore(li, ahead);
  }
  return first && find(list, idOf(first));
}

/**
 * Put `li` in its place, by its time, below what it answers; whether its place is in the page. Ids tell the time:
 * RFC 9562, section 5.7.
 * @param {Element} list @param {HTMLElement} li
 * @param {{parent: string | null, depth: number, newest: boolean, more: boolean}} where
 */
export function place(list, li, { parent, depth, newest, more }) {
  const above = parent ? find(list, parent) : null;
  if (parent && !above) return false;
  // At the deepest level an answer stands beside what it answers.
  const home = above ? (depthOf(above) < depth ? answersOf(above) : above.parentElement) : list;
  if (!home) return false;
  const turned = newest && home === list;
  const next = [...home.children].find((each) => (turned ? each.id < li.id : each.id > li.id));
  if (home === list && more && !next) li.dataset.ahead = "";
  delete li.dataset.depth;
  home.insertBefore(li, next ?? null);
  return true;
}

/**
 * Have `old` say what `fresh` says; its answers, and forms that are open below it, stay.
 * @param {HTMLElement} old @param {HTMLElement} fresh
 */
export function renew(old, fresh) {
  const article = fresh.querySelector(":scope > article");
  if (!article) return;
  old.querySelector(":scope > article")?.replaceWith(article);
  old.className = fresh.className;
  old.dataset.revision = String(revisionOf(fresh));
}

/**
 * Take a comment away: where it has answers it leaves a word, and what it was the last answer to goes as well.
 * @param {Element} li @param {string} removed
 */
export function remove(li, removed) {
  if (li.querySelector(COMMENT)) {
    const word = document.createElement("p");
    word.className = "removed";
    word.textContent = removed;
    li.querySelector(":scope > article")?.replaceChildren(word);
    li.className = "";
    return;
  }
  const above = li.parentElement && commentOf(li.parentElement);
  li.remove();
  if (above?.querySelector(":scope > article > .removed") && !above.querySelector(COMMENT)) remove(above, removed);
}
