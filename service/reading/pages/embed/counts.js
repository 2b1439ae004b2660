// What stands at links to threads: "One reply". All of a page are asked for together.

import { ask, siteOf, urlOf } from "./api.js";

const LINKS = "a[data-comment-count]";
const MOST = 200;
const LONGEST_QUERY = 6000; // characters of a URL that every proxy takes
const AGAIN = 60_000; // milliseconds after which what was not told is asked for again

/** @type {Set<HTMLElement>} */
const waiting = new Set();
/** @type {WeakMap<HTMLElement, string>} what each was asked for */
const counted = new WeakMap();

export class CommentCount extends HTMLElement {
  static observedAttributes = ["site", "article"];

  attributeChangedCallback() {
    want(this);
  }
}

/** Fill the counts of the page, now and whenever others come; what a thread tells of itself is said at once. */
export function countLinks() {
  const find = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(LINKS)).forEach(want);
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
function want(element) {
  if (!waiting.size) setTimeout(askAll);
  waiting.add(element);
}

/** @param {Element} element @returns {string} */
function articleOf(element) {
  return element.getAttribute("data-comment-count") ?? element.getAttribute("article") ?? "";
}

/** Ask for all that wait and are not told yet, site by site and language by language. */
function askAll() {
  /** @type {Record<string, HTMLElement[]>} */
  const groups = {};
  for (const each of waiting) {
    const key = `${siteOf(each)} ${each.lang}`;
    if (counted.get(each) === key + articleOf(each)) continue;
    counted.set(each, key + articleOf(each));
    (groups[key] ??= []).push(each);
  }
  waiting.clear();
  for (const places of Object.values(groups)) {
    const articles = [...new Set(places.map(articleOf))];
    while (articles.length) void count(places, articles.splice(0, MOST));
  }
}

/** @param {HTMLElement[]} places @param {string[]} articles */
async function count(places, articles) {
  const url = `${urlOf(siteOf(places[0]))}/counts`;
  const query = `${url}?${new URLSearchParams(articles.map((article) => ["article", article]))}`;
  try {
    const answer = await (query.length > LONGEST_QUERY
      ? ask(places[0], url, {
          method: "POST",
          body: JSON.stringify({ articles }),
          headers: { "Content-Type": "application/json" },
        })
      : ask(places[0], query, {}));
    if (answer.status === 429 || answer.status >= 500) throw answer;
    const { counts = [] } = await answer.json();
    for (const { article, label } of counts) {
      for (const place of places) if (articleOf(place) === article) place.textContent = label;
    }
  } catch {
    // What stands at the links stays, meanwhile.
    setTimeout(() => {
      for (const place of places) if (counted.delete(place) && place.isConnected) want(place);
    }, AGAIN);
  }
}
