// A thread in the page: a rendered page of comments, kept up to date.

import { Client, ServiceError, siteOf } from "./api.js";
import { fillForm, reopenForms } from "./forms.js";
import { LiveUpdates } from "./live-updates.js";
import { showFailure } from "./load-failure.js";
import { ReadingPlace } from "./reading-place.js";
import { decorate, make, styled } from "./render.js";
import { Drafts, store } from "./storage.js";
import { closeForms, showState } from "./thread-state.js";
import { find, idOf, remove, replace } from "./tree.js";

export class ShownThread extends ReadingPlace {
  client = new Client(this);
  drafts = new Drafts("");
  updates = new LiveUpdates(this);
  /** @type {any} the messages in the reader's language, from the service */
  messages = {};
  /** @type {{order?: string}} */
  order = {};
  sequence = 0;
  /** @type {Node | undefined} the empty form for a reply */
  replyForm;
  /** @type {Promise<void> | undefined} */
  sending;
  openCount = 0;
  /** The thread's published replies. */
  count = 0;
  started = false;

  get site() {
    return siteOf(this);
  }

  get article() {
    return this.getAttribute("article") ?? "";
  }

  get orderKey() {
    return `${this.site}:order`;
  }

  get foldsKey() {
    return `${this.site}:folds:${this.article}`;
  }

  /** The storage key of the messages in the current language. */
  get messagesKey() {
    return `messages:${this.lang || navigator.language}`;
  }

  /**
   * Show the page for `query` and go to the comment `id` on it. If the page does not have it, nothing changes.
   * @param {Record<string, string>} [query] @param {string} [id]
   */
  async open(query, id) {
    const openCount = ++this.openCount;
    this.ariaBusy = "true";
    try {
      const [section, css] = await Promise.all([this.client.fragment({ ...this.order, ...query }), styled]);
      if (openCount !== this.openCount || (id && this.sequence && !find(section, id))) return;
      this.show(section, css);
      if (id) this.goTo(id);
    } catch (/** @type {any} */ error) {
      if (!(error instanceof ServiceError)) reportError(error);
      if (openCount !== this.openCount) return;
      if (this.sequence) this.showMessage("not_loaded");
      else await showFailure(this, error.status);
    } finally {
      if (openCount === this.openCount) this.ariaBusy = null;
    }
  }

  /** @param {HTMLElement} section @param {CSSStyleSheet} css */
  show(section, css) {
    const { lang, dir, dataset } = section;
    const isFirst = !this.sequence;
    this.section = section;
    this.sequence = Number(dataset.sequence);
    this.messages = JSON.parse(dataset.messages ?? "");
    this.count = Number(section.querySelector("[itemprop=commentCount]")?.getAttribute("content"));
    // WordPress's script made images of emojis before the section was ours.
    for (const emoji of section.querySelectorAll("img")) emoji.replaceWith(emoji.alt);
    const form = section.querySelector("form");
    this.replyForm = form?.cloneNode(true);
    const newReplies = make("p", "new-replies");
    const message = make("p", "message");
    newReplies.role = message.role = "status";
    newReplies.append(make("button", ""));
    (this.query(".more") ?? this.list).after(message, newReplies);
    this.decorate();
    this.replaceContent(section, css);
    if (form) fillForm(this, form);
    reopenForms(this);
    if (dataset.state === "closed") closeForms(this);
    this.updates.startAt(this.sequence);
    if (isFirst) this.emit("ready");
    store(this.messagesKey, { lang, dir, messages: this.messages });
  }

  get newestFirst() {
    return this.order.order === "newest";
  }

  get more() {
    return Boolean(this.query(".more"));
  }

  decorate() {
    this.section.part.add("thread");
    decorate(this.section);
    for (const actions of this.section.querySelectorAll(":not(.held) > article > .actions")) {
      if (actions.querySelector("[data-action=share]")) continue;
      const link = actions.appendChild(make("a", "", this.messages.share));
      const [time, author] = [".time", ".author"].map((each) => actions.parentElement?.querySelector(each));
      link.dataset.action = "share";
      link.href = /** @type {HTMLAnchorElement} */ (time).hash;
      link.ariaLabel = `${link.textContent} (${author?.textContent})`;
    }
    const level = Number(this.getAttribute("heading-level"));
    for (const each of level > 1 ? this.section.querySelectorAll("h2,h3") : []) each.ariaLevel = String(level - Number(each.localName < "h3"));
  }

  /** Show a message `below` an element, or below all comments. @param {string} name @param {Element | null} [below] @param {string} [receipt] */
  showMessage(name, below, receipt) {
    const at = below ? make("p", "message") : /** @type {HTMLElement} */ (this.query(".new-replies")?.previousElementSibling);
    at.role = "status";
    (below?.querySelector("article") ?? below)?.after(at);
    at.textContent = "";
    const link = make("a", "", this.messages.receipt);
    link.href = receipt ?? "";
    setTimeout(() => at.append(this.messages[name], ...(receipt ? [" ", link] : []))); // screen readers announce a repeated one
  }

  /** Remove the messages of earlier actions. */
  clearMessages() {
    for (const message of this.section.querySelectorAll(".message")) message.textContent = "";
  }

  /** Dispatch the event `onereply:name`; returns false if the host prevented the default. @param {string} name @param {object} [detail] */
  emit(name, detail) {
    return this.dispatchEvent(new CustomEvent(`onereply:${name}`, { bubbles: true, composed: true, cancelable: true, detail }));
  }

  /** @param {import("./api.js").Thread} now */
  update(now) {
    if (now.sequence < this.sequence) return;
    this.sequence = now.sequence;
    this.count = now.reply_count;
    showState(this, now);
    this.emit("count", { reply_count: now.reply_count, label: now.label });
  }

  /** Get the thread's current state; returns false if there is none. */
  async refresh() {
    const now = await this.client.call(this.client.thread).catch(() => {});
    if (now) this.update(now);
    return Boolean(now);
  }

  /** Replace a comment by its current version; returns false if there is none. @param {string} id @param {Element} [page] */
  async replaceComment(id, page) {
    page ??= await this.client.fragment({ comment: id, limit: "1" }).catch(() => undefined);
    const fresh = page && find(page, id);
    const old = find(this.list, id);
    if (!fresh || !old) return false;
    replace(old, fresh);
    this.decorate();
    return true;
  }

  /** Remove the name of a comment's author from the replies to it. @param {string} id */
  removeName(id) {
    for (const each of this.list.querySelectorAll(`.answered[href$="#comment-${id}"]`)) {
      each.replaceWith(make("span", each.className, this.messages.in_reply_to_removed));
    }
  }

  /** @param {Element} li */
  removeComment(li) {
    this.removeName(idOf(li));
    remove(li, this.messages.removed);
  }
}
