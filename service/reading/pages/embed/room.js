// The height reserved for a thread: visible content below it moves only when the reader does something.

import { make, sheet } from "./render.js";

// The reserved height, until the thread is shown.
const ROOM = sheet(":host{display:block;min-height:var(--onereply-room,40rem)}");

export class Room extends HTMLElement {
  root = this.attachShadow({ mode: "open" });

  constructor() {
    super();
    this.root.adoptedStyleSheets = [ROOM];
    this.root.append(make("slot", ""));
  }

  /** Show `shown`, and keep the reserved height until it can be released unseen. @param {HTMLElement} shown @param {CSSStyleSheet} css */
  put(shown, css) {
    this.root.replaceChildren(shown);
    this.root.adoptedStyleSheets = [css, ROOM];
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
