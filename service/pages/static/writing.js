// A form is sent: a reply stands in the page at once, and is taken out again, its words back in the form, where the
// service does not take it.

import { Refused } from "./api.js";
import { blame, draftOf, field, tellForm } from "./forms.js";
import { parse } from "./rendering.js";
import { commentOf, find, its, place, remove } from "./tree.js";

/**
 * @typedef {import("./shown-thread.js").ShownThread} ShownThread
 * @typedef {Record<string, string>} Typed
 * @typedef {(thread: ShownThread, form: HTMLFormElement, typed: Typed, id: string) => Promise<void>} Sending
 */

/** @param {ShownThread} thread @param {HTMLFormElement} form */
export async function sendForm(thread, form) {
  if (form.ariaBusy) return;
  const { deed = "", comment = "" } = form.dataset;
  const typed = /** @type {Typed} */ (Object.fromEntries(new FormData(form)));
  const button = /** @type {HTMLElement} */ (form.querySelector("button"));
  const text = field(form, "body");
  const label = button.textContent;
  tellForm(form);
  thread.hush();
  form.ariaBusy = "true";
  button.textContent = thread.words.sending;
  if (text) text.readOnly = true;
  const sending = SENT[deed](thread, form, typed, comment);
  thread.sending = sending.catch(() => {});
  await sending.catch((error) => giveBack(thread, form, error));
  if (text) text.readOnly = thread.section.dataset.state === "closed";
  form.ariaBusy = null;
  button.textContent = label;
}

/** @type {Record<string, Sending>} */
const SENT = {
  async post(thread, form, { body, name, email, url, home }, parent) {
    const since = Number(form.dataset.since);
    const draft = draftOf(form);
    const key = thread.drafts.all()[draft]?.key ?? newKey();
    thread.drafts.set(draft, { body, at: since, key });
    const li = foresee(thread, body, name, parent);
    const text = /** @type {HTMLTextAreaElement} */ (field(form, "body"));
    text.value = "";
    const author = field(form, "name") ? { name, email: email || null, url: url || null } : null;
    const seconds = Math.max(0, (Date.now() - since) / 1000);
    const sent = { body, author, parent_id: parent || null, form: { honeypot: home, seconds } };
    const path = `${thread.client.thread}/comments`;
    const told = await thread.client.call(path, "POST", sent, { "Idempotency-Key": key }).catch((error) => {
      li.remove();
      text.value = body;
      throw error;
    });
    const { comment, thread: now, author_token } = JSON.parse(told);
    const { id, state, depth, html } = comment;
    thread.drafts.set(draft);
    thread.client.who(author_token, author && { name, email, url });
    find(thread.list, id)?.remove(); // it was accepted before
    li.id = `comment-${id}`;
    place(thread, li, parent, depth);
    its(li, ".body")?.replaceChildren(parse(html));
    form.dataset.since = String(Date.now());
    thread.update(now);
    await thread.renew(id);
    const { activeElement: at } = thread.root;
    const stays = !at || form.contains(at); // the reader may have gone on
    if (parent) form.remove();
    if (stays) thread.go(li);
    thread.say(state === "published" ? "posted" : "held");
    thread.tell("posted", { id, state });
  },
  async edit(thread, form, { body }, id) {
    const { state } = JSON.parse(await thread.client.call(`/comments/${id}`, "PATCH", { body }));
    thread.drafts.set(draftOf(form));
    form.remove();
    await thread.renew(id);
    thread.go(id);
    thread.say(state === "published" ? "edited" : "held");
    await thread.refresh();
  },
  async delete(thread, form, _, id) {
    await thread.client.call(`/comments/${id}`, "DELETE");
    const li = commentOf(form);
    form.remove();
    if (li) remove(li, thread.words.removed);
    thread.goToHeading();
    thread.say("deleted");
    await thread.refresh();
  },
  async report(thread, form, { reason, note }, id) {
    await thread.client.call(`/comments/${id}/reports`, "POST", { reason, note: note || null });
    form.remove();
    thread.go(id);
    thread.say("reported", find(thread.list, id));
  },
};

/** The reply as it will stand. @param {ShownThread} thread @param {string} body @param {string} [name] @param {string} [parent] */
function foresee(thread, body, name, parent) {
  const li = /** @type {HTMLElement} */ (
    parse(
      '<li class="own held sending"><article><header><b class="author"></b></header><p class="waiting"></p><div class="body" dir="auto"></div></article>',
    ).firstChild
  );
  const says = { ".author": name ?? thread.piece(".as")?.textContent, ".waiting": thread.words.sending, ".body": body };
  for (const [selector, said] of Object.entries(says)) its(li, selector)?.append(said ?? "");
  li.id = "comment-~"; // after all there are
  place(thread, li, parent ?? null, Infinity);
  thread.dress();
  return li;
}

/** Say what kept it from being done, where all that was typed is. @param {ShownThread} thread @param {HTMLFormElement} form @param {unknown} error */
function giveBack(thread, form, error) {
  if (!(error instanceof Refused)) throw error;
  const { status, problem, message } = error;
  const { failed, offline, write } = thread.words;
  const [kind] = /[^/]*$/.exec(problem.type ?? "") ?? [];
  blame(form, message || (status || navigator.onLine ? failed : offline), problem.pointer);
  if (kind === "parent-gone") {
    // What was answered is gone: its answer may go to the article instead.
    thread.drafts.set(draftOf(form));
    form.dataset.comment = "";
    form.querySelector("h3")?.replaceChildren(write);
  }
  if (!status) addEventListener("online", () => tellForm(form), { once: true });
  if (kind === "thread-closed" || kind === "comments-off") void thread.refresh();
}

/** A key that nobody guesses. */
function newKey() {
  return crypto.getRandomValues(new Uint32Array(5)).join("-");
}
