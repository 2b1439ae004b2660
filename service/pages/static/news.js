// What happens while the reader reads: counts and closing at once, changed words in place, new replies behind a button,
// so that nothing moves under their eyes.

import { follow } from "./live.js";
import { parse } from "./rendering.js";
import { find, idOf, place, remove, revisionOf } from "./tree.js";

/**
 * @typedef {import("./thread-element.js").CommentThread} CommentThread
 * @typedef {import("./api.js").Thread} Thread
 * @typedef {import("./api.js").Comment} Comment
 */

export class News {
  /** @type {Map<string, Comment>} what came and is not shown yet */
  #new = new Map();
  /** @type {AbortController | undefined} */
  #line;

  /** @param {CommentThread} thread */
  constructor(thread) {
    this.thread = thread;
  }

  /** Whether what happens is heard. @param {boolean} wanted */
  listen(wanted) {
    if (wanted === Boolean(this.#line)) return;
    this.#line?.abort();
    this.#line = undefined;
    if (!wanted) return;
    const { thread } = this;
    const line = (this.#line = new AbortController());
    const connect = (/** @type {string} */ last, /** @type {AbortSignal} */ signal) =>
      thread.client.stream(thread.sequence, last, signal);
    void follow(connect, ({ event, data }) => this.#hear(event, JSON.parse(data)), line.signal);
  }

  /** Begin anew: all that there is is shown. */
  clear() {
    this.#new.clear();
    this.#announce();
  }

  /** What has come into the page meanwhile is no news. */
  settle() {
    for (const id of this.#new.keys()) if (find(this.thread.list, id)) this.#new.delete(id);
    this.#announce();
  }

  /** @param {string} event @param {{thread?: Thread, comment?: Comment}} told */
  async #hear(event, told) {
    const { thread } = this;
    await thread.sending; // what the reader sends meanwhile is not news to them
    if (event === "thread.gone") return this.#gone();
    if (!told.thread) return;
    thread.update(told.thread);
    if (!told.comment) return;
    const { id } = told.comment;
    const li = find(thread.list, id);
    if (event === "comment.removed") {
      this.#new.delete(id);
      if (li) await this.#aside(li, () => this.#take(li, id));
    } else if (!li || li.querySelector(":scope > article > .removed")) {
      if (event === "comment.published") this.#new.set(id, told.comment);
    } else if (li.matches(".held") || revisionOf(li) < told.comment.revision) {
      await this.#aside(li, () => this.#change(li, told.comment));
    }
    this.#announce();
  }

  /** Do `change` once the reader is not in that comment. @param {HTMLElement} li @param {() => unknown} change */
  async #aside(li, change) {
    const article = li.querySelector(":scope > article");
    if (!article?.contains(this.thread.root.activeElement)) return change();
    article.addEventListener("focusout", () => setTimeout(change), { once: true });
  }

  /** @param {HTMLElement} li @param {string} id */
  async #take(li, id) {
    const { thread } = this;
    // The reader's own may still be theirs to see.
    if (li.matches(".own") && (await thread.renew(id))) return;
    remove(li, thread.words.removed);
  }

  /** @param {HTMLElement} li @param {Comment | undefined} comment */
  async #change(li, comment) {
    if (!comment?.html) return;
    if (li.matches(".own")) return void (await this.thread.renew(comment.id));
    li.querySelector(":scope > article > .body")?.replaceChildren(parse(comment.html));
    li.dataset.revision = String(comment.revision);
  }

  #announce() {
    const { thread } = this;
    const count = this.#new.size;
    const news = thread.piece(".news");
    const button = news?.querySelector("button");
    if (!news || !button) return;
    const { lang } = thread.section;
    const forms = thread.words.new;
    const form = forms[`=${count}`] ?? forms[new Intl.PluralRules(lang).select(count)] ?? forms.other ?? "";
    button.hidden = !count;
    button.textContent = form.replace("{n}", new Intl.NumberFormat(lang).format(count));
  }

  /** Show what came, each in its place, and go to the first; where that is on another page, to that page. */
  async show() {
    const { thread } = this;
    const [first] = this.#new.keys();
    if (!first) return;
    /** @type {HTMLElement | null} */
    let shown = null;
    for (const [id, comment] of this.#new) {
      if (!this.#new.has(id)) continue; // it came along with what it answers
      const old = find(thread.list, id);
      if (old && !old.querySelector(":scope > article > .removed")) {
        this.#new.delete(id);
        continue;
      }
      if (!old && comment.parent_id && !find(thread.list, comment.parent_id)) continue;
      const li = await this.#bring(comment);
      shown ??= li;
    }
    if (shown) thread.go(shown);
    else await thread.open({ comment: first }, first);
    this.#announce();
  }

  /** @param {Comment} comment @returns {Promise<HTMLElement | null>} */
  async #bring(comment) {
    const { thread } = this;
    const { list, newest, hasMore: more } = thread;
    const page = await thread.client.fragment({ comment: comment.id, ...thread.order });
    for (const each of this.#new.values()) {
      const fresh = find(page, each.id);
      if (!fresh) continue;
      if (find(list, each.id)) await thread.renew(each.id, page);
      else {
        for (const answer of fresh.querySelectorAll("li[id]")) find(list, idOf(answer))?.remove();
        if (!place(list, fresh, { parent: each.parent_id, depth: each.depth, newest, more })) continue;
      }
      this.#new.delete(each.id);
    }
    this.#new.delete(comment.id); // gone again, where it was not on its page
    thread.dress();
    return find(list, comment.id);
  }

  /** Withdrawn, it may be; or it has moved, and is found at once. */
  async #gone() {
    this.listen(false);
    if (await this.thread.refresh()) this.listen(true);
    else this.thread.fail(true);
  }
}
