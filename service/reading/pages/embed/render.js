// Put rendered HTML into the page: parse it, style it.

import { showTimes } from "./times.js";

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

const PARTS = "heading comments author time body actions field notice new-replies sign-in comment=article form=.write button=button input=textarea,input[maxlength]";

/** Prepare new content: set its part names for the host's style sheet, and show its times. @param {HTMLElement} section */
export function decorate(section) {
  for (const part of PARTS.split(" ")) {
    const [name, selector = `.${part}`] = part.split("=");
    for (const each of section.querySelectorAll(selector)) each.setAttribute("part", name);
  }
  requestAnimationFrame(() => showTimes(section)); // just before the content is painted
}
