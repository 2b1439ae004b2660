// The reply counts at links to threads: "One reply". One request fetches all counts of a page.

import { request, siteOf, urlOf } from "./api.js";

const LINKS = "a[data-comment-count]";
const MAX_ARTICLES = 200;
const MAX_QUERY = 6000; // characters of a URL that every proxy takes
const RETRY_DELAY = 60_000; // milliseconds before a failed request is repeated

/** @type {Set<HTMLElement>} */
const waiting = new Set();
/** @type {WeakMap<HTMLElement, string>} the site, language and article last requested for each element */
const requested = new WeakMap();

export class CommentCount extends HTMLElement {
  static observedAttributes = ["site", "article"];

  attributeChangedCallback() {
    enqueue(this);
  }
}

/** Show the counts of the page's links, also of links added later, and update them when a thread on the page changes. */
export function countLinks() {
  const find = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(LINKS)).forEach(enqueue);
  find();
  new MutationObserver(find).observe(document, {
    subtree: true,
    childList: true,
    attributeFilter: ["data-comment-count"],
  });
  document.addEventListener("onereply:count", (event) => {
    const { site, article } = /** @type {import("./shown-thread.js").ShownThread} */ (event.target);
    const { label } = /** @type {CustomEvent} */ (event).detail;
    for (const each of document.querySelectorAll(`comment-count, ${LINKS}`)) {
      if (siteOf(each) === site && articleOf(each) === article) each.textContent = label;
    }
  });
}

/** @param {HTMLElement} element */
function enqueue(element) {
  if (!waiting.size) setTimeout(requestAll);
  waiting.add(element);
}

/** @param {Element} element @returns {string} */
function articleOf(element) {
  return element.getAttribute("data-comment-count") ?? element.getAttribute("article") ?? "";
}

/** Request the counts of all waiting elements, by site and language. */
function requestAll() {
  /** @type {Record<string, HTMLElement[]>} */
  const groups = {};
  for (const each of waiting) {
    const key = `${siteOf(each)} ${each.lang}`;
    if (requested.get(each) === key + articleOf(each)) continue;
    requested.set(each, key + articleOf(each));
    (groups[key] ??= []).push(each);
  }
  waiting.clear();
  for (const elements of Object.values(groups)) {
    const articles = [...new Set(elements.map(articleOf))];
    while (articles.length) void count(elements, articles.splice(0, MAX_ARTICLES));
  }
}

/** @param {HTMLElement[]} elements @param {string[]} articles */
async function count(elements, articles) {
  const url = `${urlOf(siteOf(elements[0]))}/counts`;
  const query = `${url}?${new URLSearchParams(articles.map((article) => ["article", article]))}`;
  try {
    const response = await (query.length > MAX_QUERY
      ? request(elements[0], url, {
          method: "POST",
          body: JSON.stringify({ articles }),
          headers: { "Content-Type": "application/json" },
        })
      : request(elements[0], query, {}));
    if (response.status === 429 || response.status >= 500) throw response;
    const { counts = [] } = await response.json();
    for (const { article, label } of counts) {
      for (const element of elements) if (articleOf(element) === article) element.textContent = label;
    }
  } catch {
    // The links keep their text until the next attempt.
    setTimeout(() => {
      for (const element of elements) if (requested.delete(element) && element.isConnected) enqueue(element);
    }, RETRY_DELAY);
  }
}
