// Show changes while the reader reads: counts, closing and edits at once, new replies behind a button, so that the page
// does not move.

import { showFolds } from "./folds.js";
import { showFailure } from "./load-failure.js";
import { follow } from "./live.js";
import { plural } from "./numbers.js";
import { showLeft } from "./pages-beside.js";
import { make, parse } from "./render.js";
import { find, idOf, inComment, insert } from "./tree.js";

/** @typedef {import("./api.js").Comment} Comment */

export class LiveUpdates {
  /** @type {Map<string, Comment>} new comments that are not shown yet */
  #pending = new Map();
  /** The count to show on the button if the thread must be reloaded. */
  #reloadLabel = "";
  /**
   * The thread's sequence that the page and the stream have reached. The reader's own posts do not raise it, because
   * earlier changes may still arrive.
   */
  #sequence = 0;
  /** The `Last-Event-ID` of the stream. */
  #lastEventId = "";
  /** @type {AbortController | undefined} */
  #connection;

  /** @param {import("./shown-thread.js").ShownThread} thread */
  constructor(thread) {
    this.thread = thread;
  }

  /** Open or close the stream. @param {boolean} isWanted */
  listen(isWanted) {
    if (isWanted === Boolean(this.#connection)) return;
    this.#connection?.abort();
    this.#connection = undefined;
    if (!isWanted) return;
    const { client } = this.thread;
    const { signal } = (this.#connection = new AbortController());
    void follow(
      (connection) => client.stream(this.#sequence, this.#lastEventId, connection),
      async ({ event, id, data }) => {
        this.#lastEventId = id || this.#lastEventId;
        if (data) await this.#receive(event, JSON.parse(data));
      },
      signal,
    );
  }

  /** Continue from a page that was rendered at `sequence`. @param {number} sequence */
  startAt(sequence) {
    if (sequence >= this.#sequence) {
      this.#sequence = sequence;
      this.#lastEventId = "";
      if (this.#reloadLabel) this.#pending.clear();
      this.#reloadLabel = "";
    }
    this.updateButton();
  }

  /** Show the number of new replies on the button, or hide it. */
  updateButton() {
    const { thread } = this;
    for (const id of this.#pending.keys()) if (this.#findShown(id)) this.#pending.delete(id);
    const { size } = this.#pending;
    const button = /** @type {HTMLElement} */ (thread.query(".new-replies button"));
    button.textContent = this.#reloadLabel || (size ? plural(thread, "new", size) : "");
    button.hidden = !button.textContent;
    showLeft(thread, size);
    showFolds(thread);
  }

  /** Find a comment in the page, unless it is a tombstone. @param {string} id */
  #findShown(id) {
    const li = find(this.thread.list, id);
    return li && !inComment(li, ".removed") ? li : null;
  }

  /** @param {string} event @param {{thread: import("./api.js").Thread, comment?: Comment, reload?: boolean}} data */
  async #receive(event, { thread: now, comment, reload }) {
    const { thread } = this;
    await thread.sending; // the reader's own post must be in the page first
    if (this !== thread.updates) return; // the element shows another article now
    if (event === "thread.gone") return this.#handleGone();
    this.#sequence = Math.max(this.#sequence, now.sequence);
    thread.update(now);
    if (reload || this.#reloadLabel) {
      this.#reloadLabel = now.label;
      this.updateButton();
    }
    if (!comment) return;
    const { id, revision } = comment;
    const li = this.#findShown(id);
    const isRemoved = event === "comment.removed";
    const isChanged = isRemoved || li?.matches(".held,.decided") || Number(li?.dataset.revision ?? 1) < revision;
    if (isRemoved) {
      this.#pending.delete(id);
      thread.removeName(id); // also where the comment is on another page
    }
    else if (!li && event === "comment.published") this.#pending.set(id, comment);
    if (li && isChanged) {
      const change = () => this.#change(li, isRemoved ? null : comment);
      // Wait while the reader is at a link in it. The comment itself has the focus only after a script moved it there.
      const at = thread.root.activeElement;
      if (at !== inComment(li) && inComment(li)?.contains(at)) li.addEventListener("focusout", () => setTimeout(change), { once: true });
      else await change();
    }
    this.updateButton();
  }

  /** @param {HTMLElement} li @param {Comment | null} comment */
  async #change(li, comment) {
    const { thread } = this;
    li.querySelector(":scope > .message")?.remove();
    // Readers may still see or edit their own comments.
    if (li.matches(".own") && (await thread.replaceComment(idOf(li)))) return;
    if (!comment) {
      // An open reply form can now only reply to the article.
      li.querySelector(":scope > [data-action=post] h3")?.replaceChildren(thread.messages.write);
      return thread.removeComment(li);
    }
    inComment(li, ".body")?.replaceChildren(parse(comment.html));
    li.dataset.revision = String(comment.revision);
    if (!inComment(li, ".edited")) inComment(li, ".time")?.after(" ", make("span", "edited", thread.messages.edited_mark));
  }

  /** Insert the new replies and go to the first; if it is on another page, open that page. */
  async showPending() {
    const { thread } = this;
    if (this.#reloadLabel) return thread.open().then(() => thread.goToHeading());
    const [first] = this.#pending.keys();
    let shown = "";
    const isPicks = thread.order.order === "featured";
    if (isPicks) thread.order = {};
    for (const [id, { parent_id }] of this.#pending) {
      if (isPicks || (!find(thread.list, id) && parent_id && !find(thread.list, parent_id))) continue;
      await this.#insert(id);
      shown ||= id;
    }
    if (shown) thread.goTo(shown);
    else await thread.open({ comment: first }, first);
    this.updateButton();
  }

  /** Insert a new comment, and other new ones that are on the same page. @param {string} id */
  async #insert(id) {
    const { thread } = this;
    const page = await thread.client.fragment({ ...thread.order, comment: id });
    for (const each of this.#pending.values()) {
      const fresh = find(page, each.id);
      if (!fresh) continue;
      if (find(thread.list, each.id)) await thread.replaceComment(each.id, page);
      else {
        fresh.querySelector(":scope > details")?.remove(); // its replies are inserted one by one
        insert(thread, fresh, each.parent_id, each.depth);
      }
    }
    this.#pending.delete(id); // it was removed again if its page does not have it
    thread.decorate();
    this.updateButton();
  }

  /** The article was withdrawn, or has a new id, by which it can be found at once. */
  async #handleGone() {
    this.listen(false);
    if (await this.thread.refresh()) this.listen(true);
    else void showFailure(this.thread);
  }
}
