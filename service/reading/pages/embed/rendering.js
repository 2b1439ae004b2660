// How what the service renders gets into the page: parsed, styled, and its times told in the reader's own zone.

/** @type {{createHTML(html: string): string} | undefined} */
const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("onereply", {
  createHTML: (/** @type {string} */ html) => html, // the service's own: one sanitiser made it safe
});

/** The style sheet that all threads of the page share; where it does not come, they do without. */
export const styled = fetch(new URL("/static/thread.css", import.meta.url), { credentials: "omit" })
  .then((answer) => answer.text())
  .then(sheet, () => sheet(""));

/** @param {string} css */
export function sheet(css) {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

/** @param {string} html */
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(html) : html;
  return template.content;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} className @param {string} [text]
 */
export function make(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** @type {Record<string, Intl.DateTimeFormat>} */
const formats = {};

/** @param {string} lang */
function formatOf(lang) {
  return (formats[lang] ??= new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" }));
}

// The first takes long to make: it is made while the service is asked, where there is nothing else to do.
window.requestIdleCallback?.(() => formatOf(navigator.language.slice(0, 2)));

const PARTS = "heading comments author time body deeds field notice news comment=article form=.write button=button input=textarea,input[maxlength]";

/**
 * Name what is new in a thread for the host's style sheet, tell times as the reader does, and have the links to edit
 * go when their time is over.
 * @param {HTMLElement} section
 */
export function dress(section) {
  for (const part of PARTS.split(" ")) {
    const [name, selector = `.${part}`] = part.split("=");
    for (const each of section.querySelectorAll(selector)) each.setAttribute("part", name);
  }
  requestAnimationFrame(() => tellTimes(section)); // as late as nobody sees them otherwise
}

/** @param {HTMLElement} section */
function tellTimes(section) {
  const format = formatOf(section.lang);
  for (const time of section.querySelectorAll("time:not([data-told])")) {
    const { dateTime, dataset } = /** @type {HTMLTimeElement} */ (time);
    const made = new Date(dateTime);
    time.textContent = dataset.told = format.format(made);
    const link = time.closest("article")?.querySelector("[data-deed=edit]");
    const left = Number(section.dataset.editSeconds) * 1000 - (Date.now() - Number(made));
    // The service says that it may be edited; a clock here that is wrong does not take that back at once.
    if (link) setTimeout(() => link.remove(), Math.max(left, 10_000));
  }
}
