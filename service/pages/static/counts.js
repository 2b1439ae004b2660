// What stands at links to threads: "One reply". All of a page are asked for together.

import { SERVICE } from "./api.js";

const MOST = 200;
const LONGEST = 6000; // characters of a URL that every proxy takes

/** @type {Map<string, Map<string, Set<HTMLElement>>>} by site and language, by article: where its label goes */
const wanted = new Map();

export class CommentCount extends HTMLElement {
  static observedAttributes = ["site", "article"];

  connectedCallback() {
    want(this, this.getAttribute("article"));
  }

  attributeChangedCallback() {
    if (this.isConnected) want(this, this.getAttribute("article"));
  }
}

/** Fill the links of the page, now and whenever others come. */
export function countLinks() {
  const links = (/** @type {ParentNode} */ root) => {
    for (const link of root.querySelectorAll("a[data-comment-count]")) linked(link);
  };
  const linked = (/** @type {Element} */ link) => want(link, link.getAttribute("data-comment-count"));
  links(document);
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") linked(/** @type {Element} */ (target));
      for (const node of addedNodes) {
        if (!(node instanceof Element)) continue;
        if (node.matches("a[data-comment-count]")) linked(node);
        links(node);
      }
    }
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-comment-count"] });
  document.addEventListener("onereply:count", follow);
}

/** What a thread on the page tells of itself is said at once. @param {Event} event */
function follow(event) {
  const thread = /** @type {Element} */ (event.target);
  const { label } = /** @type {CustomEvent} */ (event).detail;
  const article = CSS.escape(thread.getAttribute("article") ?? "");
  for (const each of document.querySelectorAll(`comment-count[article="${article}"], a[data-comment-count="${article}"]`)) {
    if (siteOf(each) === thread.getAttribute("site")) each.textContent = label;
  }
}

/** @param {Element} element the site that it names, or the script, or a thread of the page */
function siteOf(element) {
  const script = document.querySelector('script[type="module"][data-site]');
  return (
    element.getAttribute("site") ??
    element.getAttribute("data-site") ??
    script?.getAttribute("data-site") ??
    (element.closest("comment-thread") ?? document.querySelector("comment-thread"))?.getAttribute("site")
  );
}

/** @param {Element} element @param {string | null} article */
function want(element, article) {
  const site = siteOf(element);
  if (!site || !article) return;
  if (!wanted.size) setTimeout(ask);
  const group = JSON.stringify([site, element.getAttribute("lang") ?? ""]);
  const articles = wanted.get(group) ?? new Map();
  wanted.set(group, articles.set(article, (articles.get(article) ?? new Set()).add(element)));
}

function ask() {
  const groups = [...wanted];
  wanted.clear();
  for (const [group, places] of groups) {
    const [site, lang] = JSON.parse(group);
    const articles = [...places.keys()];
    while (articles.length) void fetchSome(site, lang, articles.splice(0, MOST), places);
  }
}

/** @param {string} site @param {string} lang @param {string[]} articles @param {Map<string, Set<HTMLElement>>} places */
async function fetchSome(site, lang, articles, places) {
  const url = `${SERVICE}v1/sites/${encodeURIComponent(site)}/counts`;
  const query = `${url}?${new URLSearchParams(articles.map((each) => ["article", each]))}`;
  /** @type {Record<string, string>} */
  const headers = lang ? { "Accept-Language": lang } : {};
  const asked =
    query.length <= LONGEST
      ? fetch(query, { credentials: "omit", headers })
      : fetch(url, {
          method: "POST",
          credentials: "omit",
          headers: { ...headers, "Content-Type": "application/json" },
          body: JSON.stringify({ articles }),
        });
  const answer = await asked.catch(() => null); // what stands at the links stays, then
  if (!answer?.ok) return;
  for (const { article, label } of (await answer.json()).counts) {
    for (const place of places.get(article) ?? []) place.textContent = label;
  }
}
