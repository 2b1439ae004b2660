// How what the service renders gets into the page: parsed, styled, and its times told in the reader's own zone.

/** @type {{createHTML(html: string): string} | undefined} */
const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("onereply", {
  createHTML: (/** @type {string} */ html) => html, // the service's own: one sanitiser made it safe
});

/** The style sheet that all threads of the page share; where it does not come, they do without. */
export const style = fetch(new URL("thread.css", import.meta.url), { credentials: "omit" })
  .then((answer) => (answer.ok ? answer.text() : ""))
  .catch(() => "")
  .then(sheet);

/** @param {string} css */
export function sheet(css) {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

/** @param {string} html */
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = policy?.createHTML(html) ?? html;
  return template.content;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} [className] @param {string} [text]
 */
export function make(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

const PARTS = {
  thread: ".thread",
  heading: ".heading",
  comments: ".comments",
  comment: ".comments article",
  author: ".author",
  time: ".time",
  body: ".body",
  deeds: ".deeds",
  form: ".write",
  field: ".field",
  button: "button",
  notice: ".notice",
  news: ".news",
};

/**
 * Name the parts below `root` for the host's style sheet, and tell times as the reader does.
 * @param {ParentNode} root @param {string} lang
 */
export function dress(root, lang) {
  for (const [part, selector] of Object.entries(PARTS)) {
    for (const each of root.querySelectorAll(selector)) each.setAttribute("part", part);
  }
  const format = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" });
  for (const time of root.querySelectorAll("time")) {
    time.textContent = format.format(new Date(time.dateTime));
  }
}

/** Have the links to edit go when their time is over. @param {ParentNode} root @param {number} seconds */
export function endEdits(root, seconds) {
  for (const link of root.querySelectorAll("a[data-deed=edit]")) {
    const made = link.closest("article")?.querySelector("time")?.dateTime;
    const left = seconds * 1000 - (Date.now() - Date.parse(made ?? ""));
    // The service says that it may be edited; a clock here that is wrong does not take that back at once.
    setTimeout(() => link.remove(), Math.min(Math.max(left, 10_000), 0x7fffffff));
  }
}
