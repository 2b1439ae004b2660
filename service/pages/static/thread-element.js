// <comment-thread site article>: a thread in the host's page. See README, "Put it in your pages".

import { Client } from "./api.js";
import { cancel, fill, note, open, reopen } from "./forms.js";
import { News } from "./news.js";
import { dress, endEdits, make, sheet, style } from "./rendering.js";
import { close, show } from "./standing.js";
import { Drafts, keep, recall } from "./storage.js";
import { append, commentOf, find, renew } from "./tree.js";
import { send } from "./writing.js";

/**
 * @typedef {import("./api.js").Thread} Thread
 * @typedef {Record<string, string> & {new: Record<string, string>}} Words
 */

// Room until it is known how much it takes, so that what stands below is out of sight when it moves.
const ROOM = sheet(":host{display:block;min-height:var(--onereply-room,40rem)}");
const NEAR = "600px";

export class CommentThread extends HTMLElement {
  static observedAttributes = ["site", "article", "token", "lang", "order"];

  root = this.attachShadow({ mode: "open" });
  section = make("section");
  client = new Client(this);
  drafts = new Drafts("", "");
  news = new News(this);
  words = /** @type {Words} */ ({});
  /** @type {Record<string, string>} */
  order = {};
  sequence = 0;
  /** @type {HTMLFormElement | undefined} the form for a reply, as it is before anything is typed */
  blank;
  /** @type {Promise<void> | undefined} */
  sending;
  /** @type {(() => Promise<string | null>) | undefined} */
  #getToken;
  /** @type {AbortController | undefined} */
  #connected;
  #turn = 0;
  #begun = false;
  #near = false;

  constructor() {
    super();
    this.root.adoptedStyleSheets = [ROOM];
    this.root.append(make("slot"));
    this.root.addEventListener("click", (event) => this.#clicked(/** @type {MouseEvent} */ (event)));
    this.root.addEventListener("input", ({ target }) => note(this, target));
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      void send(this, /** @type {HTMLFormElement} */ (event.target));
    });
  }

  /** Gives the host's token for the reader, and another one when that is no longer taken. */
  get getToken() {
    return this.#getToken;
  }

  set getToken(given) {
    this.#getToken = given;
    this.#restart();
  }

  connectedCallback() {
    const early = Object.getOwnPropertyDescriptor(this, "getToken"); // set before this script came
    if (early) {
      delete (/** @type {any} */ (this).getToken);
      this.#getToken = early.value;
    }
    this.#connected = new AbortController();
    const { signal } = this.#connected;
    addEventListener("hashchange", () => this.#toHash(), { signal });
    addEventListener("online", () => this.#begin(), { signal });
    document.addEventListener("visibilitychange", () => this.#listen(), { signal });
    const observer = new IntersectionObserver((seen) => this.#seen(seen.some((each) => each.isIntersecting)), {
      rootMargin: NEAR,
    });
    observer.observe(this);
    signal.addEventListener("abort", () => observer.disconnect());
    if (hashed()) void this.#begin();
  }

  disconnectedCallback() {
    this.#connected?.abort();
    this.#seen(false);
  }

  attributeChangedCallback(/** @type {string} */ _name, /** @type {string} */ before, /** @type {string} */ now) {
    if (before !== now) this.#restart();
  }

  #restart() {
    if (!this.#begun) return;
    this.#begun = false;
    this.news.listen(false);
    queueMicrotask(() => this.isConnected && this.#begin());
  }

  /** @param {boolean} near */
  #seen(near) {
    this.#near = near;
    if (near) void this.#begin();
    else if (this.#begun) this.#release();
    this.#listen();
  }

  #listen() {
    this.news.listen(this.#near && !document.hidden && Boolean(this.section.dataset.sequence));
  }

  /** Give back the room that it does not take. */
  #release() {
    this.root.adoptedStyleSheets = this.root.adoptedStyleSheets.filter((each) => each !== ROOM);
  }

  /** Show the thread: what the host's page has of it, where that is all that the reader may see. */
  async #begin() {
    if (this.#begun) return;
    this.#begun = true;
    const [site = "", article = ""] = ["site", "article"].map((each) => this.getAttribute(each) ?? "");
    this.client = new Client(this);
    this.drafts = new Drafts(site, article);
    this.order = this.getAttribute("order") === "newest" ? { order: "newest" } : {};
    const given = /** @type {HTMLElement | null} */ (this.querySelector(":scope > section.thread"));
    const id = hashed();
    const fits = given?.dataset.site === site && given.dataset.article === article && !this.order.order;
    if (given && fits && (!id || find(given, id)) && !(await this.client.token().catch(() => null))) {
      this.#show(given, await style);
      if (id) this.go(id);
    } else await this.open(id ? { comment: id } : {}, id);
  }

  /**
   * Show the page of the thread that is asked for, and go to a comment on it. Where that is not on it, what is shown
   * stays.
   * @param {Record<string, string>} asked @param {string} [id]
   */
  async open(asked, id) {
    const turn = ++this.#turn;
    try {
      const [section, css] = await Promise.all([this.client.fragment({ ...this.order, ...asked }), style]);
      if (turn !== this.#turn || (id && this.sequence && !find(section, id))) return;
      this.#show(section, css);
      if (id) this.go(id);
    } catch {
      if (turn === this.#turn) this.fail(!this.sequence);
    }
  }

  /** @param {HTMLElement} section @param {CSSStyleSheet} css */
  #show(section, css) {
    const isFirst = !this.sequence;
    this.section = section;
    this.sequence = Number(section.dataset.sequence);
    this.words = JSON.parse(section.dataset.words ?? "{}");
    keep("words", JSON.stringify([section.lang, section.dir, this.words]));
    const form = /** @type {HTMLFormElement | null} */ (this.piece("form"));
    this.blank = form ? /** @type {HTMLFormElement} */ (form.cloneNode(true)) : undefined;
    const news = make("p", "news");
    const button = news.appendChild(make("button"));
    const said = make("p", "said");
    news.role = said.role = "status";
    button.type = "button";
    button.hidden = true;
    (this.piece(".more") ?? this.list).after(said, news);
    this.dress();
    endEdits(section, Number(section.dataset.editSeconds));
    this.root.replaceChildren(section);
    this.root.adoptedStyleSheets = [ROOM, css];
    if (section.getBoundingClientRect().bottom > innerHeight) this.#release();
    if (form) fill(this, form);
    if (this.piece(".notice")) {
      section.dataset.state = "closed";
      close(this);
    }
    this.news.clear();
    reopen(this);
    this.#listen();
    if (isFirst) this.tell("ready", {});
  }

  /** Say that there is nothing to show; or, where something is shown, beside it. @param {boolean} empties */
  fail(empties) {
    if (!empties) return this.say("not_loaded");
    const [lang, dir, words] = JSON.parse(recall("words") ?? '["en", "ltr", {}]');
    this.#begun = false;
    this.sequence = 0;
    this.section = make("section", "thread");
    Object.assign(this.section, { lang, dir });
    this.section.append(
      make("p", "notice", words.not_loaded ?? "The replies can’t be shown just now."),
      make("button", "again", words.again ?? "Try again"),
    );
    this.dress();
    this.root.replaceChildren(make("slot"), this.section);
    void style.then((css) => (this.root.adoptedStyleSheets = [css]));
  }

  /** @param {string} selector @returns {HTMLElement | null} */
  piece(selector) {
    return this.section.querySelector(selector);
  }

  get list() {
    return /** @type {HTMLElement} */ (this.piece("ol.comments"));
  }

  get newest() {
    return this.order.order === "newest";
  }

  get hasMore() {
    return Boolean(this.piece(".more"));
  }

  dress() {
    this.section.setAttribute("part", "thread");
    dress(this.section, this.section.lang);
  }

  /** What the reader is called here, or from now on. @param {Record<string, string>} [told] @returns {Record<string, string>} */
  who(told) {
    const name = `${this.getAttribute("site")}:who`;
    if (told) keep(name, JSON.stringify(told));
    return told ?? JSON.parse(recall(name) ?? "{}");
  }

  /** Go to a comment. @param {HTMLElement | string} comment */
  go(comment) {
    const li = typeof comment === "string" ? find(this.list, comment) : comment;
    const article = li?.querySelector("article");
    if (!article) return;
    article.tabIndex = -1;
    article.focus({ preventScroll: true });
    article.scrollIntoView({ block: "center" });
  }

  /** Say a sentence, beside a comment or below them all. @param {string} name @param {HTMLElement | null} [li] */
  say(name, li) {
    let at = li ? li.querySelector(":scope > .said") : this.piece(".said:not(li > .said)");
    if (!at) {
      at = make("p", "said");
      at.role = "status";
      li?.querySelector(":scope > article")?.after(at);
    }
    at.textContent = "";
    setTimeout(() => at.append(this.words[name] ?? "")); // said again, it is heard again
  }

  /** @param {string} name @param {object} detail */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`onereply:${name}`, { bubbles: true, composed: true, detail }));
  }

  /** @param {Thread} now */
  update(now) {
    if (now.sequence < this.sequence) return;
    this.sequence = now.sequence;
    show(this, now);
    this.tell("count", { reply_count: now.reply_count, label: now.label });
  }

  /** Ask how the thread is now; whether it is there. */
  async refresh() {
    const answer = await this.client.call(this.client.thread, { cache: "no-cache" }).catch(() => null);
    if (answer) this.update(await answer.json());
    return Boolean(answer);
  }

  /** Show a comment as the service has it now. @param {string} id @param {Element} [page] */
  async renew(id, page) {
    page ??= await this.client.fragment({ comment: id, limit: "1" }).catch(() => undefined);
    const fresh = page && find(page, id);
    const old = find(this.list, id);
    if (!fresh || !old) return null;
    endEdits(fresh, Number(this.section.dataset.editSeconds));
    renew(old, fresh);
    this.dress();
    return old;
  }

  /** @param {string} cursor */
  async #more(cursor) {
    const page = await this.client.fragment({ ...this.order, cursor }).catch(() => null);
    const list = page?.querySelector("ol.comments");
    if (!page || !list) return this.say("not_loaded");
    endEdits(page, Number(this.section.dataset.editSeconds));
    const first = append(this.list, list);
    const more = page.querySelector(".more");
    this.piece(".more")?.replaceWith(...(more ? [more] : []));
    this.dress();
    reopen(this);
    this.news.settle();
    if (first) this.go(first);
  }

  #toHash() {
    const id = hashed();
    if (!id || !this.sequence) return;
    if (find(this.list, id)) this.go(id);
    else void this.open({ comment: id }, id);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element && /** @type {HTMLElement | null} */ (event.target.closest("a, button"));
    if (!link) return;
    const { deed, order, cursor } = link.dataset;
    const li = commentOf(link);
    const form = link.closest("form");
    if (deed && li) void open(this, li, deed === "reply" ? "post" : deed);
    else if (cursor) void this.#more(cursor);
    else if (order) {
      this.order = order === "newest" ? { order } : {};
      void this.open({}).then(() => this.piece(".heading")?.focus());
    } else if (link.closest(".earlier")) void this.open({}).then(() => this.piece(".heading")?.focus());
    else if (link.matches(".cancel") && form) cancel(this, form);
    else if (link.matches(".time")) location.hash = /** @type {HTMLAnchorElement} */ (link).hash; // whatever <base> is
    else if (link.closest(".news")) void this.news.show();
    else if (link.matches(".again")) void this.#begin();
    else return;
    event.preventDefault();
  }
}

/** The comment that the page's address names. */
function hashed() {
  return /^#comment-([0-9a-f-]{36})$/.exec(location.hash)?.[1];
}
