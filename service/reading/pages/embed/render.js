// Put rendered HTML into the page: parse it, style it, show times in the reader's time zone.

/** @type {{createHTML(html: string): string} | undefined} */
const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("onereply", {
  createHTML: (/** @type {string} */ html) => html, // from the service, which has sanitised it
});

/** The style sheet, shared by all threads of the page; empty if it can't be loaded. */
export const styled = fetch(new URL("static/thread.css", import.meta.url), { credentials: "omit" })
  .then((response) => response.text())
  .then(sheet, () => sheet(""));

/** @param {string} css */
export function sheet(css) {
  const styleSheet = new CSSStyleSheet();
  styleSheet.replaceSync(css);
  return styleSheet;
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
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** @type {Record<string, Intl.DateTimeFormat>} */
const formats = {};

/** @param {string} lang */
function formatOf(lang) {
  return (formats[lang] ??= new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" }));
}

// The first format is slow to create, so it is created while the page waits for the service.
window.requestIdleCallback?.(() => formatOf(navigator.language.slice(0, 2)));

const PARTS = "heading comments author time body actions field notice new-replies sign-in comment=article form=.write button=button input=textarea,input[maxlength]";

/**
 * Prepare new content: set its part names for the host's style sheet, format its times, and remove links to edit when the
 * edit window closes.
 * @param {HTMLElement} section
 */
export function decorate(section) {
  for (const part of PARTS.split(" ")) {
    const [name, selector = `.${part}`] = part.split("=");
    for (const each of section.querySelectorAll(selector)) each.setAttribute("part", name);
  }
  requestAnimationFrame(() => formatTimes(section)); // just before the content is painted
}

/** @param {HTMLElement} section */
function formatTimes(section) {
  const format = formatOf(section.lang);
  for (const time of section.querySelectorAll("time:not([data-formatted])")) {
    const { dateTime, dataset } = /** @type {HTMLTimeElement} */ (time);
    const date = new Date(dateTime);
    time.textContent = dataset.formatted = format.format(date);
    const link = time.closest("article")?.querySelector("[data-action=edit]");
    const left = Number(section.dataset.editSeconds) * 1000 - (Date.now() - Number(date));
    // The service allowed the edit, so a wrong clock here must not remove the link at once.
    if (link) setTimeout(() => link.remove(), Math.max(left, 10_000));
  }
}
