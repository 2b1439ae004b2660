// A form is sent: a reply stands in the page at once, and is taken out again, its words back in the form, where the
// service does not take it.

import { Refused } from "./api.js";
import { begin, blame, draftOf, field, tellForm } from "./forms.js";
import { parse } from "./rendering.js";
import { commentOf, find, its, place, remove } from "./tree.js";

/**
 * @typedef {import("./shown-thread.js").ShownThread} ShownThread
 * @typedef {Record<string, string>} Typed
 * @typedef {() => void | Promise<void>} Show what to do where the thread is still shown
 * @typedef {(thread: ShownThread, form: HTMLFormElement, typed: Typed, id: string) => Promise<Show>} Sending
 */

/** @param {ShownThread} thread @param {HTMLFormElement} form */
export async function sendForm(thread, form) {
  if (form.ariaBusy) return;
  const { client, drafts } = thread;
  const { deed = "", comment = "" } = form.dataset;
  const draft = draftOf(form);
  const typed = /** @type {Typed} */ (Object.fromEntries(new FormData(form)));
  const button = /** @type {HTMLElement} */ (form.querySelector("button"));
  const text = field(form, "body");
  const label = button.textContent;
  tellForm(form);
  thread.hush();
  form.ariaBusy = "true";
  button.textContent = thread.words.sending;
  if (text) text.readOnly = true;
  const sending = SENT[deed](thread, form, typed, comment).then((show) => {
    drafts.set(draft);
    if (thread.client === client) return show();
  });
  thread.sending = sending.catch(() => {});
  try {
    await sending;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (thread.client === client) giveBack(thread, form, error);
  } finally {
    if (text) text.readOnly = thread.section.dataset.state === "closed";
    form.ariaBusy = null;
    button.textContent = label;
  }
}

/** @type {Record<string, Sending>} */
const SENT = {
  async post(thread, form, { body, name, email, url, home }, parent) {
    const { client, drafts } = thread;
    const { since, key = "" } = form.dataset;
    const at = Number(since);
    drafts.set(draftOf(form), { body, at, key });
    const li = foresee(thread, body, name, parent);
    const text = /** @type {HTMLTextAreaElement} */ (field(form, "body"));
    text.value = "";
    const author = field(form, "name") ? { name, email: email || null, url: url || null } : null;
    const seconds = Math.max(0, (Date.now() - at) / 1000);
    const sent = { body, author, parent_id: parent || null, form: { honeypot: home, seconds } };
    const path = `${client.thread}/comments`;
    const told = await client.call(path, "POST", sent, { "Idempotency-Key": key }).catch((error) => {
      li.remove();
      text.value = body;
      throw error;
    });
    const { comment, thread: now, author_token } = told;
    const { id, state, depth, html } = comment;
    client.who(author_token, author && { name, email, url });
    return async () => {
      find(thread.list, id)?.remove(); // it was accepted before
      li.id = `comment-${id}`;
      place(thread, li, parent, depth);
      its(li, ".body")?.replaceChildren(parse(html));
      begin(form);
      thread.update(now);
      await thread.renew(id);
      const { activeElement } = thread.root;
      const stays = !activeElement || form.contains(activeElement); // the reader may have gone on
      if (parent) form.remove();
      if (stays) thread.go(li);
      thread.say(state === "published" ? "posted" : "held");
      thread.tell("posted", { id, state });
    };
  },
  async edit(thread, form, { body }, id) {
    const { state } = await thread.client.call(`/comments/${id}`, "PATCH", { body });
    return async () => {
      form.remove();
      await thread.renew(id);
      thread.go(id);
      thread.say(state === "published" ? "edited" : "held");
      await thread.refresh();
    };
  },
  async delete(thread, form, _, id) {
    await thread.client.call(`/comments/${id}`, "DELETE");
    return async () => {
      const li = commentOf(form);
      form.remove();
      if (li) remove(li, thread.words.removed);
      thread.goToHeading();
      thread.say("deleted");
      await thread.refresh();
    };
  },
  async report(thread, form, { reason, note }, id) {
    await thread.client.call(`/comments/${id}/reports`, "POST", { reason, note: note || null });
    return () => {
      form.remove();
      thread.go(id);
      thread.say("reported", find(thread.list, id));
    };
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

/** Say what kept it from being done, where all that was typed is. @param {ShownThread} thread @param {HTMLFormElement} form @param {Refused} refused */
function giveBack(thread, form, { status, problem, message }) {
  const { failed, offline, write } = thread.words;
  const [kind] = /[^/]*$/.exec(problem.type ?? "") ?? [];
  blame(form, message || (status || navigator.onLine ? failed : offline), problem.pointer);
  if (kind === "parent-unavailable") {
    // What was answered is gone: its answer may go to the article instead.
    thread.drafts.set(draftOf(form));
    form.dataset.comment = "";
    form.querySelector("h3")?.replaceChildren(write);
  }
  if (!status) addEventListener("online", () => tellForm(form), { once: true });
  if (kind === "thread-closed" || kind === "comments-off") void thread.refresh();
}
