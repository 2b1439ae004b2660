// Send a form. A reply is shown at once; if the service does not accept it, it is removed and its text is put back.

import { ServiceError } from "./api.js";
import { draftName, field, showFieldError, showFormError, stamp } from "./forms.js";
import { parse } from "./render.js";
import { commentOf, find, inComment, insert } from "./tree.js";

/**
 * @typedef {import("./shown-thread.js").ShownThread} ShownThread
 * @typedef {Record<string, string>} Fields
 * @typedef {() => void | Promise<void>} Show called after success, if the thread is still shown
 * @typedef {(thread: ShownThread, form: HTMLFormElement, fields: Fields, id: string) => Promise<Show>} Sending
 */

/** @param {ShownThread} thread @param {HTMLFormElement} form */
export async function sendForm(thread, form) {
  if (form.ariaBusy) return;
  const { client, drafts } = thread;
  const { action = "", comment = "" } = form.dataset;
  const draft = draftName(form);
  const fields = /** @type {Fields} */ (Object.fromEntries(new FormData(form)));
  const button = /** @type {HTMLElement} */ (form.querySelector(".send button"));
  const text = field(form, "body");
  const label = button.textContent;
  showFormError(form);
  thread.clearMessages();
  form.ariaBusy = "true";
  button.textContent = thread.messages.sending;
  if (text) text.readOnly = true;
  const sending = SENDERS[action](thread, form, fields, comment).then((show) => {
    drafts.set(draft);
    if (thread.client === client) return show();
  });
  thread.sending = sending.catch(() => {});
  try {
    await sending;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (thread.client === client) restoreForm(thread, form, error);
  } finally {
    if (text) text.readOnly = thread.section.dataset.state === "closed";
    form.ariaBusy = null;
    button.textContent = label;
  }
}

/** @type {Record<string, Sending>} */
const SENDERS = {
  async post(thread, form, { body, name, email, url, home }, parent) {
    const { client, drafts } = thread;
    const { since, key = "" } = form.dataset;
    const at = Number(since);
    drafts.set(draftName(form), { body, at, key });
    const li = addPlaceholder(thread, body, name, parent);
    const text = /** @type {HTMLTextAreaElement} */ (field(form, "body"));
    text.value = "";
    const author = field(form, "name") ? { name, email: email || null, url: url || null } : null;
    const seconds = Math.max(0, (Date.now() - at) / 1000);
    const sent = { body, author, parent_id: parent || null, form: { honeypot: home, seconds } };
    const path = `${client.thread}/comments`;
    const result = await client.call(path, "POST", sent, { "Idempotency-Key": key }).catch((error) => {
      li.remove();
      text.value = body;
      throw error;
    });
    const { comment, thread: now, author_token } = result;
    const { id, state, depth, html } = comment;
    client.profile(author_token, author && { name, email, url });
    return async () => {
      find(thread.list, id)?.remove(); // an earlier attempt was accepted
      li.id = `comment-${id}`;
      insert(thread, li, parent, depth);
      inComment(li, ".body")?.replaceChildren(parse(html));
      stamp(form);
      thread.update(now);
      await thread.replaceComment(id);
      const { activeElement } = thread.root;
      const stays = !activeElement || form.contains(activeElement); // the reader may be elsewhere by now
      if (parent) form.remove();
      else thread.section.append(form);
      if (stays) thread.goTo(li);
      thread.showMessage(state === "published" ? "posted" : "held", li);
      thread.emit("posted", { id, state });
    };
  },
  async edit(thread, form, { body }, id) {
    const { state } = await thread.client.call(`/comments/${id}`, "PATCH", { body });
    return async () => {
      form.remove();
      await thread.replaceComment(id);
      thread.goTo(id);
      thread.showMessage(state === "published" ? "edited" : "held", find(thread.list, id));
      await thread.refresh();
    };
  },
  async delete(thread, form, _, id) {
    await thread.client.call(`/comments/${id}`, "DELETE");
    return async () => {
      await thread.refresh(); // the count and the list change together
      const li = commentOf(form);
      form.remove();
      if (li) thread.removeComment(li);
      thread.updates.updateButton();
      thread.goToHeading();
      thread.showMessage("deleted", thread.query(".heading"));
    };
  },
  async appeal(thread, form, { note }, id) {
    await thread.client.call(`/comments/${id}/appeal`, "POST", { note: note || null });
    return () => {
      const li = commentOf(form);
      form.remove();
      if (!li) return;
      inComment(li, ".waiting")?.remove();
      thread.goTo(li);
      thread.showMessage("appealed", li);
    };
  },
  async report(thread, form, { reason, note, contact }, id) {
    const report = { reason, note: note || null, contact: contact || null };
    const { receipt } = await thread.client.call(`/comments/${id}/reports`, "POST", report);
    return () => {
      form.remove();
      thread.goTo(id);
      thread.showMessage("reported", find(thread.list, id), receipt?.page);
    };
  },
};

/** Show a reply before the service has it. @param {ShownThread} thread @param {string} body @param {string} [name] @param {string} [parent] */
function addPlaceholder(thread, body, name, parent) {
  const li = /** @type {HTMLElement} */ (
    parse(
      '<li class="own held sending"><article><header><b class="author"></b></header><p class="waiting"></p><div class="body" dir="auto"></div></article>',
    ).firstChild
  );
  inComment(li, ".author")?.append(name ?? thread.query(".as")?.textContent ?? "");
  inComment(li, ".waiting")?.append(thread.messages.sending);
  inComment(li, ".body")?.append(body);
  li.id = "comment-~"; // sorts after all ids
  insert(thread, li, parent ?? null, Infinity);
  thread.decorate();
  return li;
}

/** Show why the service did not accept the form, which keeps its content. @param {ShownThread} thread @param {HTMLFormElement} form @param {ServiceError} error */
function restoreForm(thread, form, { status, problem, message }) {
  const { failed, offline, write } = thread.messages;
  const kind = problem.type?.split("/").pop();
  showFieldError(form, message || (status || navigator.onLine ? failed : offline), problem.pointer);
  if (kind === "parent-unavailable") {
    // The parent is gone: the reply may go to the article instead.
    thread.drafts.set(draftName(form));
    form.dataset.comment = "";
    form.querySelector("h3")?.replaceChildren(write);
  }
  if (!status) addEventListener("online", () => showFormError(form), { once: true });
  if (kind === "thread-closed" || kind === "comments-off") void thread.refresh();
}
