// What is shown of a thread: a page as the service renders it, and what becomes of it while the reader is there.

import { Client, Refused, siteOf } from "./api.js";
import { showFailure } from "./failing.js";
import { fill, refill } from "./forms.js";
import { News } from "./news.js";
import { dress, make, styled } from "./rendering.js";
import { Room } from "./room.js";
import { closeForms, stand } from "./standing.js";
import { Drafts, keep } from "./storage.js";
import { append, find, renew } from "./tree.js";

export class ShownThread extends Room {
  section = make("section", "");
  client = new Client(this);
  drafts = new Drafts("");
  news = new News(this);
  /** @type {any} the sentences that the service gives it to say */
  words = {};
  /** @type {{order?: string}} */
  order = {};
  sequence = 0;
  /** @type {Node | undefined} the form for a reply, as it is before anything is typed */
  blank;
  /** @type {Promise<void> | undefined} */
  sending;
  turn = 0;
  begun = false;

  get site() {
    return siteOf(this);
  }

  get article() {
    return this.getAttribute("article") ?? "";
  }

  /** The name of what is said in the language that is asked for. */
  get speech() {
    return `words:${this.lang || navigator.language}`;
  }

  /**
   * Show the page of the thread that is asked for, and go to a comment on it; where that is not on it, what is shown
   * stays.
   * @param {Record<string, string>} [asked] @param {string} [id]
   */
  async open(asked, id) {
    const turn = ++this.turn;
    try {
      const [section, css] = await Promise.all([this.client.fragment({ ...this.order, ...asked }), styled]);
      if (turn !== this.turn || (id && this.sequence && !find(section, id))) return;
      this.show(section, css);
      if (id) this.go(id);
    } catch (/** @type {any} */ error) {
      if (!(error instanceof Refused)) reportError(error);
      if (turn !== this.turn) return;
      if (this.sequence) this.say("not_loaded");
      else void showFailure(this, error.status);
    }
  }

  /** @param {HTMLElement} section @param {CSSStyleSheet} css */
  show(section, css) {
    const { lang, dir, dataset } = section;
    const isFirst = !this.sequence;
    this.section = section;
    this.sequence = Number(dataset.sequence);
    this.words = JSON.parse(dataset.words ?? "");
    const form = section.querySelector("form");
    this.blank = form?.cloneNode(true);
    const news = make("p", "news");
    const said = make("p", "said");
    news.role = said.role = "status";
    news.append(make("button", ""));
    (this.piece(".more") ?? this.list).after(said, news);
    this.dress();
    this.put(section, css);
    if (form) fill(this, form);
    refill(this);
    if (this.piece(".notice")) {
      dataset.state = "closed";
      closeForms(this);
    }
    this.news.begin(this.sequence);
    if (isFirst) this.tell("ready");
    keep(this.speech, { lang, dir, words: this.words });
  }

  /** @param {string} selector @returns {HTMLElement | null} */
  piece(selector) {
    return this.section.querySelector(selector);
  }

  get list() {
    return /** @type {HTMLElement} */ (this.piece(".comments"));
  }

  get newest() {
    return Boolean(this.order.order);
  }

  get more() {
    return Boolean(this.piece(".more"));
  }

  dress() {
    this.section.part.add("thread");
    dress(this.section);
  }

  /** Go to a comment. @param {HTMLElement | string} comment */
  go(comment) {
    const li = typeof comment === "string" ? find(this.list, comment) : comment;
    const article = li?.querySelector("article");
    if (!article) return;
    article.tabIndex = -1;
    article.focus({ preventScroll: true });
    article.scrollIntoView({ block: article.offsetHeight > innerHeight ? "start" : "center" });
  }

  goToHeading() {
    this.piece(".heading")?.focus();
  }

  /** Say a sentence, beside a comment or below them all. @param {string} name @param {Element | null} [li] */
  say(name, li) {
    const at = li ? make("p", "said") : /** @type {HTMLElement} */ (this.piece(".news")?.previousElementSibling);
    at.role = "status";
    li?.querySelector("article")?.after(at);
    at.textContent = "";
    setTimeout(() => at.append(this.words[name])); // said again, it is heard again
  }

  /** What was said goes: it is about something else. */
  hush() {
    for (const said of this.section.querySelectorAll(".said")) said.textContent = "";
  }

  /** @param {string} name @param {object} [detail] */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`onereply:${name}`, { bubbles: true, composed: true, detail }));
  }

  /** @param {import("./api.js").Thread} now */
  update(now) {
    if (now.sequence < this.sequence) return;
    this.sequence = now.sequence;
    stand(this, now);
    this.tell("count", { reply_count: now.reply_count, label: now.label });
  }

  /** Ask how the thread is now; whether it is there. */
  async refresh() {
    const now = await this.client.call(this.client.thread).catch(() => {});
    if (now) this.update(now);
    return Boolean(now);
  }

  /** Show a comment as the service has it now; whether it has it. @param {string} id @param {Element} [page] */
  async renew(id, page) {
    page ??= await this.client.fragment({ comment: id, limit: "1" }).catch(() => undefined);
    const fresh = page && find(page, id);
    const old = find(this.list, id);
    if (!fresh || !old) return false;
    renew(old, fresh);
    this.dress();
    return true;
  }

  /** @param {string} cursor */
  async showMore(cursor) {
    const page = await this.client.fragment({ ...this.order, cursor }).catch(() => undefined);
    if (!page) return this.say("not_loaded");
    const first = append(this.list, /** @type {Element} */ (page.querySelector(".comments")));
    this.piece(".more")?.replaceWith(page.querySelector(".more") ?? "");
    this.dress();
    refill(this);
    this.news.announce();
    this.go(first);
  }
}
