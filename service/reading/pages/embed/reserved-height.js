// Reserve height for a thread: visible content below it moves only when the reader does something.

import { fitColorScheme } from "./color-scheme.js";
import { make, sheet } from "./render.js";

// The reserved height, until the thread is shown.
const RESERVED = sheet(":host{display:block;min-height:var(--onereply-reserved-height,40rem)}");

export class ReservedHeight extends HTMLElement {
  root = this.attachShadow({ mode: "open" });

  constructor() {
    super();
    this.root.adoptedStyleSheets = [RESERVED];
    this.root.append(make("slot", ""));
  }

  /** Show `content`, and keep the reserved height until releasing it moves nothing visible. @param {HTMLElement} content @param {CSSStyleSheet} css */
  replaceContent(content, css) {
    this.root.replaceChildren(content);
    this.root.adoptedStyleSheets = [css, RESERVED];
    fitColorScheme(this, content);
    requestAnimationFrame(() => this.releaseIfHidden());
  }

  /** Release the reserved height if the end of the thread is below the viewport. */
  releaseIfHidden() {
    const { adoptedStyleSheets, lastElementChild: shown } = this.root;
    if (adoptedStyleSheets[1] && shown && shown.getBoundingClientRect().bottom > innerHeight) this.releaseHeight();
  }

  /** Release the reserved height if the thread is shown, even if visible content moves. */
  releaseHeight() {
    if (this.root.adoptedStyleSheets[1]) this.root.adoptedStyleSheets.pop();
  }
}
