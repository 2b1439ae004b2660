// <comment-thread site article>: a thread in the host's page. The guide “Embed” describes it.

import { Client } from "./api.js";
import { fitColorScheme, watchColors } from "./color-scheme.js";
import { cancelForm, goToForm, pressKey, preview, quote } from "./form-ways.js";
import { forgetGuest, openForm, saveDraft } from "./forms.js";
import { LiveUpdates } from "./live-updates.js";
import { showMore } from "./pages-beside.js";
import { styled } from "./render.js";
import { ShownThread } from "./shown-thread.js";
import { storeFold } from "./folds.js";
import { Drafts, load, store } from "./storage.js";
import { commentOf, find } from "./tree.js";
import { sendForm } from "./send-form.js";
import { share } from "./share.js";
import { showTimes } from "./times.js";

const NEAR = "600px";
const ORDERS = /^(newest|featured)$/;
// The anchors of threads and comments in WordPress, Disqus, Isso and Remark42.
const THREAD_ANCHOR = /^#(comments|respond|disqus_thread|isso-thread|remark42)$/;
const COMMENT_ANCHOR = /^#(?:comment-|isso-|remark42__comment-)([\w-]{1,100})$/;

/** The query of an order. @param {string | null} order */
const orderOf = (order) => /** @type {{order?: string}} */ (ORDERS.test(order ?? "") ? { order } : {});

export class CommentThread extends ShownThread {
  static observedAttributes = ["site", "article", "token", "lang", "order"];

  /** @type {(() => Promise<string | null>) | undefined} */
  #getToken;
  /** @type {AbortController | undefined} */
  #connected;
  #near = false;

  constructor() {
    super();
    const { root } = this;
    root.addEventListener("click", (event) => this.#handleClick(/** @type {MouseEvent} */ (event)));
    root.addEventListener("toggle", ({ target }) => storeFold(this, /** @type {HTMLDetailsElement} */ (target)), true);
    root.addEventListener("input", ({ target }) => saveDraft(this, /** @type {Element} */ (target)));
    root.addEventListener("keydown", (event) => pressKey(this, /** @type {KeyboardEvent} */ (event)));
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      const { submitter, target } = /** @type {SubmitEvent} */ (event);
      const form = /** @type {HTMLFormElement} */ (target);
      void (/** @type {any} */ (submitter)?.name ? preview(this, form) : sendForm(this, form));
    });
  }

  /** A function that returns the reader's host token; it is called again when the token is rejected. */
  get getToken() {
    return this.#getToken;
  }

  set getToken(getToken) {
    this.#getToken = getToken;
    this.#restart();
  }

  connectedCallback() {
    if (Object.hasOwn(this, "getToken")) {
      const { getToken } = this; // set before this script was loaded
      delete (/** @type {any} */ (this).getToken);
      this.getToken = getToken;
    }
    this.#connected = new AbortController();
    const { signal } = this.#connected;
    addEventListener("hashchange", () => this.#goToHash(), { signal });
    addEventListener("online", () => this.#setNear(this.#near), { signal });
    document.addEventListener("visibilitychange", () => this.#listen(), { signal });
    addEventListener("scroll", () => this.releaseIfHidden(), { signal, capture: true });
    // Layout shifts right after an input are expected (Layout Instability, section 2.5: excluding inputs).
    for (const type of ["click", "keydown", "resize"]) addEventListener(type, () => this.releaseHeight(), { signal });
    const observer = new IntersectionObserver((seen) => this.#setNear(seen.some((each) => each.isIntersecting)), {
      rootMargin: NEAR,
    });
    observer.observe(this);
    const timer = setInterval(() => showTimes(this.section), 60_000);
    signal.onabort = () => {
      clearInterval(timer);
      observer.disconnect();
    };
    watchColors(this, () => fitColorScheme(this, this.section), signal);
    // Do not wait for the observer if the thread is visible, or if the URL names it or a comment.
    const { top, bottom } = this.getBoundingClientRect();
    if (this.#linked() || (top < innerHeight && bottom > 0)) this.#setNear(true);
  }

  disconnectedCallback() {
    this.#connected?.abort();
    this.#setNear(false);
  }

  attributeChangedCallback(/** @type {string} */ _name, /** @type {string} */ before, /** @type {string} */ now) {
    if (before !== now) this.#restart();
  }

  #restart() {
    if (!this.started && !this.#near) return; // a thread that failed to load is not started
    this.started = false;
    queueMicrotask(() => this.isConnected && this.#start());
  }

  /** @param {boolean} near */
  #setNear(near) {
    this.#near = near;
    if (near) void this.#start();
    else this.releaseHeight();
    this.#listen();
  }

  #listen() {
    this.updates.listen(this.#near && !document.hidden && this.sequence > 0);
  }

  /** Show the thread: the one rendered in the host's page if it is current for this reader, else a new page. */
  async #start() {
    if (this.started) return;
    this.started = true;
    this.sequence = 0;
    this.updates.listen(false);
    this.updates = new LiveUpdates(this);
    this.sending = undefined;
    const client = (this.client = new Client(this, this.#getToken));
    this.drafts = new Drafts(`${this.site}:drafts:${this.article}`);
    this.order = orderOf(load(this.orderKey, this.getAttribute("order"), Boolean));
    const rendered = /** @type {HTMLElement | null} */ (this.querySelector(":scope > section.thread"));
    const { site, article } = rendered?.dataset ?? {};
    const { id, isThread } = this.#linked() ?? {};
    const fits = site === this.site && article === this.article && !this.order.order;
    const css = rendered && fits && (!id || find(rendered, id)) && !(await client.token()) && (await styled);
    if (this.client !== client) return;
    if (css) {
      this.show(rendered, css);
      if (id) this.goTo(id);
    } else await this.open(id ? { comment: id } : {}, id);
    if (isThread) this.goToTop();
    this.#listen();
  }

  #goToHash() {
    const { id = "", isThread } = this.#linked() ?? {};
    if (!id && !isThread) return;
    if (!this.sequence) void this.#start();
    else if (isThread) this.goToTop();
    else if (find(this.list, id)) this.goTo(id);
    else void this.open({ comment: id }, id);
  }

  /** What the URL's fragment names here: a comment's id, or the page's first thread; null if the page itself has the anchor. */
  #linked() {
    const { hash } = location;
    const own = document.getElementById(hash.slice(1));
    if (own && !this.contains(own)) return null;
    if (THREAD_ANCHOR.test(hash)) return document.querySelector(this.localName) === this ? { isThread: true } : null;
    const id = COMMENT_ANCHOR.exec(hash)?.[1];
    return id ? { id } : null;
  }

  /** @param {MouseEvent} event */
  #handleClick(event) {
    const link = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (event.target).closest("a, button"));
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const { action, order, cursor } = link.dataset;
    const li = commentOf(link);
    const form = link.closest("form");
    if (action === "share" && li) void share(this, li, link);
    else if (action && li) void openForm(this, li, action);
    else if (cursor !== undefined) void showMore(this, cursor, Boolean(link.closest(".earlier")));
    else if (order) {
      this.order = orderOf(order);
      store(this.orderKey, order);
      void this.open().then(() => this.goToHeading());
    } else if (link.hash === "#form") goToForm(this, link);
    else if (link.matches("[name=quote]") && li && form) quote(this, li, form);
    else if (link.matches(".forget") && form) void forgetGuest(this, form);
    else if (link.matches(".back")) this.goBack();
    else if (link.matches(".cancel") && form) cancelForm(this, form);
    else if (link.matches(".time, .answered")) {
      if (location.hash === link.hash) this.#goToHash();
      else location.hash = link.hash; // ignores <base>
    } else if (link.closest(".new-replies")) void this.updates.showPending().catch(() => this.showMessage("not_loaded"));
    else if (link.matches(".again")) void this.#start();
    else if (link.dataset.signIn) {
      link.href = link.dataset.signIn.replace("{return_url}", encodeURIComponent(location.href));
      if (this.emit("sign-in", { url: link.href })) return; // the link leads there
    }
    else return;
    event.preventDefault();
  }
}
