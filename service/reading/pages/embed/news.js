// What happens while the reader reads: counts and closing at once, changed words in place, new replies behind a button,
// so that nothing moves under their eyes.

import { showFailure } from "./failing.js";
import { follow } from "./live.js";
import { parse } from "./rendering.js";
import { find, idOf, its, place, remove } from "./tree.js";

/** @typedef {import("./api.js").Comment} Comment */

export class News {
  /** @type {Map<string, Comment>} what came and is not shown yet */
  #new = new Map();
  /** How many replies there are, where what came is too much to be told one by one, and is not shown yet. */
  #anew = "";
  /** How far what is shown or was heard has come; what the reader sends moves it not, for others may have been before. */
  #sequence = 0;
  /** The id of what was heard since. */
  #last = "";
  /** @type {AbortController | undefined} */
  #line;

  /** @param {import("./shown-thread.js").ShownThread} thread */
  constructor(thread) {
    this.thread = thread;
  }

  /** Whether what happens is heard. @param {boolean} wanted */
  listen(wanted) {
    if (wanted === Boolean(this.#line)) return;
    this.#line?.abort();
    this.#line = undefined;
    if (!wanted) return;
    const { client } = this.thread;
    const { signal } = (this.#line = new AbortController());
    void follow(
      (line) => client.stream(this.#sequence, this.#last, line),
      async ({ event, id, data }) => {
        this.#last = id || this.#last;
        if (data) await this.#hear(event, JSON.parse(data));
      },
      signal,
    );
  }

  /** A page is shown of the thread as it is at `sequence`. @param {number} sequence */
  begin(sequence) {
    if (sequence >= this.#sequence) {
      this.#sequence = sequence;
      this.#last = "";
      if (this.#anew) this.#new.clear();
      this.#anew = "";
    }
    this.announce();
  }

  /** Tell of what came and is not in the page. */
  announce() {
    const { section, words } = this.thread;
    for (const id of this.#new.keys()) if (this.#shown(id)) this.#new.delete(id);
    const { size } = this.#new;
    const { lang } = section;
    const forms = words.new;
    const form = forms[`=${size}`] ?? forms[new Intl.PluralRules(lang).select(size)] ?? forms.other;
    const button = /** @type {HTMLElement} */ (section.querySelector(".news button"));
    button.textContent =
      this.#anew || (size ? form.replace("{n}", new Intl.NumberFormat(lang).format(size)) : "");
    button.hidden = !button.textContent;
  }

  /** A comment in the page, but for a word of one that is gone. @param {string} id */
  #shown(id) {
    const li = find(this.thread.list, id);
    return li && !its(li, ".removed") ? li : null;
  }

  /** @param {string} event @param {{thread: import("./api.js").Thread, comment?: Comment, reload?: boolean}} told */
  async #hear(event, { thread: now, comment, reload }) {
    const { thread } = this;
    await thread.sending; // what the reader sends meanwhile is not news to them
    if (this !== thread.news) return; // it is another article's by now
    if (event === "thread.gone") return this.#gone();
    this.#sequence = Math.max(this.#sequence, now.sequence);
    thread.update(now);
    if (reload || this.#anew) {
      this.#anew = now.label;
      this.announce();
    }
    if (!comment) return;
    const { id, revision } = comment;
    const li = this.#shown(id);
    const isRemoved = event === "comment.removed";
    const isOther = isRemoved || li?.matches(".held") || Number(li?.dataset.revision ?? 1) < revision;
    if (isRemoved) this.#new.delete(id);
    else if (!li && event === "comment.published") this.#new.set(id, comment);
    if (li && isOther) {
      const change = () => this.#change(li, isRemoved ? null : comment);
      // Not while the reader is in it.
      if (its(li)?.contains(thread.root.activeElement)) li.addEventListener("focusout", () => setTimeout(change), { once: true });
      else await change();
    }
    this.announce();
  }

  /** @param {HTMLElement} li @param {Comment | null} comment */
  async #change(li, comment) {
    const { thread } = this;
    // The reader's own may still be theirs to see, or to edit.
    if (li.matches(".own") && (await thread.renew(idOf(li)))) return;
    if (!comment) {
      // An answer that is being typed can only go to the article.
      li.querySelector(":scope > [data-deed=post] h3")?.replaceChildren(thread.words.write);
      return remove(li, thread.words.removed);
    }
    its(li, ".body")?.replaceChildren(parse(comment.html));
    li.dataset.revision = String(comment.revision);
  }

  /** Show what came, each in its place, and go to the first; where that is on another page, to that page. */
  async show() {
    const { thread } = this;
    if (this.#anew) return thread.open().then(() => thread.goToHeading());
    const [first] = this.#new.keys();
    let shown = "";
    for (const [id, { parent_id }] of this.#new) {
      if (!find(thread.list, id) && parent_id && !find(thread.list, parent_id)) continue;
      await this.#bring(id);
      shown ||= id;
    }
    if (shown) thread.go(shown);
    else await thread.open({ comment: first }, first);
    this.announce();
  }

  /** Put into the page a comment that came, and what else came that the service shows beside it. @param {string} id */
  async #bring(id) {
    const { thread } = this;
    const page = await thread.client.fragment({ ...thread.order, comment: id });
    for (const each of this.#new.values()) {
      const fresh = find(page, each.id);
      if (!fresh) continue;
      if (find(thread.list, each.id)) await thread.renew(each.id, page);
      else {
        fresh.querySelector("ol")?.remove(); // each of its answers has its own turn
        place(thread, fresh, each.parent_id, each.depth);
      }
    }
    this.#new.delete(id); // gone again, where it was not on its page
    thread.dress();
    this.announce();
  }

  /** Withdrawn, it may be; or it has moved, and is found at once. */
  async #gone() {
    this.listen(false);
    if (await this.thread.refresh()) this.listen(true);
    else void showFailure(this.thread);
  }
}
