// Where the reader is in a thread, and ways to other places in it.

import { make } from "./render.js";
import { ReservedHeight } from "./reserved-height.js";
import { find } from "./tree.js";

export class ReadingPlace extends ReservedHeight {
  section = make("section", "");
  /** @type {HTMLElement | null | undefined} the comment that the reader was at before they went to the form */
  cameFrom;

  /** @param {string} selector @returns {HTMLElement | null} */
  query(selector) {
    return this.section.querySelector(selector);
  }

  get list() {
    return /** @type {HTMLElement} */ (this.query(".comments"));
  }

  /** Go to a comment. @param {HTMLElement | string} comment */
  goTo(comment) {
    const li = typeof comment === "string" ? find(this.list, comment) : comment;
    const article = li?.querySelector("article");
    if (!article) return;
    for (let at = li?.closest("details"); at; at = at.parentElement?.closest("details")) at.open = true;
    article.tabIndex = -1;
    article.focus({ preventScroll: true });
    article.scrollIntoView({ block: article.offsetHeight > innerHeight ? "start" : "center" });
  }

  goToHeading() {
    this.query(".heading")?.focus();
  }

  /** Go from the form to where the reader was. */
  goBack() {
    if (this.cameFrom?.isConnected) this.goTo(this.cameFrom);
    else this.goToHeading();
  }

  /** Go to the beginning of the thread. */
  goToTop() {
    this.goToHeading();
    this.scrollIntoView();
  }
}
