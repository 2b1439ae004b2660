// The room that a thread takes: what stands below it does not move in sight unless the reader does something.

import { make, sheet } from "./rendering.js";

// Until it is known how much it takes.
const ROOM = sheet(":host{display:block;min-height:var(--onereply-room,40rem)}");

export class Room extends HTMLElement {
  root = this.attachShadow({ mode: "open" });

  constructor() {
    super();
    this.root.adoptedStyleSheets = [ROOM];
    this.root.append(make("slot", ""));
  }

  /** Have `shown` in it, and the room until it may go. @param {HTMLElement} shown @param {CSSStyleSheet} css */
  put(shown, css) {
    this.root.replaceChildren(shown);
    this.root.adoptedStyleSheets = [css, ROOM];
    requestAnimationFrame(() => this.ease());
  }

  /** Give back what it does not take, once its end is out of sight, and so what stands below. */
  ease() {
    const { adoptedStyleSheets, lastElementChild: shown } = this.root;
    if (adoptedStyleSheets[1] && shown && shown.getBoundingClientRect().bottom > innerHeight) this.giveRoom();
  }

  /** Give back what it does not take, where that is known, whatever it moves. */
  giveRoom() {
    if (this.root.adoptedStyleSheets[1]) this.root.adoptedStyleSheets.pop();
  }
}
