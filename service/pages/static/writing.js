// A form is sent: a reply stands in the page at once, and is taken out again, its words back in the form, where the
// service does not take it.

import { Refused } from "./api.js";
import { blame, draftOf, field, tell, untell } from "./forms.js";
import { dress, make } from "./rendering.js";
import { commentOf, find, place, remove } from "./tree.js";

/**
 * @typedef {import("./thread-element.js").CommentThread} CommentThread
 * @typedef {Record<string, string>} Typed
 */

/** @param {CommentThread} thread @param {HTMLFormElement} form */
export async function send(thread, form) {
  if (form.ariaBusy === "true") return;
  const typed = /** @type {Typed} */ (Object.fromEntries(new FormData(form)));
  const deed = form.dataset.deed ?? "post";
  const button = form.querySelector("button");
  const label = button?.textContent ?? "";
  untell(form);
  form.ariaBusy = "true";
  if (button) button.textContent = thread.words.sending;
  const sending = (deed === "post" ? post : DEEDS[deed])?.(thread, form, typed);
  thread.sending = sending?.catch(() => {});
  try {
    await sending;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    giveBack(thread, form, error);
  } finally {
    form.ariaBusy = null;
    if (button) button.textContent = label;
  }
}

/** @param {CommentThread} thread @param {HTMLFormElement} form @param {Typed} typed */
async function post(thread, form, typed) {
  const { body = "", name = "", email, url, home = "" } = typed;
  const parent_id = form.dataset.comment || null;
  const since = Number(form.dataset.since) || Date.now();
  const { key = newKey() } = thread.drafts.all()[draftOf(form)] ?? {};
  thread.drafts.set(draftOf(form), { body, at: since, key });
  const li = foresee(thread, body, name, parent_id);
  const text = field(form, "body");
  if (text) text.value = "";
  const author = form.querySelector("[name=name]") && { name, email: email || null, url: url || null };
  const seconds = Math.min(Math.max(0, (Date.now() - since) / 1000), 86_400 * 30);
  const sent = { body, author, parent_id, form: { honeypot: home, seconds } };
  const path = `${thread.client.thread}/comments`;
  const answer = await thread.client.send("POST", path, sent, { "Idempotency-Key": key }).catch((error) => {
    li.remove();
    if (text) text.value = body;
    throw error;
  });
  const { comment } = answer;
  thread.drafts.set(draftOf(form), null);
  thread.client.remember(answer.author_token);
  if (author) thread.who({ name, email: email ?? "", url: url ?? "" });
  if (find(thread.list, comment.id)) li.remove(); // it was accepted before
  else li.id = `comment-${comment.id}`;
  if (parent_id) form.remove();
  form.dataset.since = String(Date.now());
  thread.update(answer.thread);
  const shown = (await thread.renew(comment.id)) ?? li;
  thread.go(shown);
  thread.say(comment.state === "published" ? "posted" : "held");
  thread.tell("posted", { id: comment.id, state: comment.state });
}

/** The reply as it will stand. @param {CommentThread} thread @param {string} body @param {string} name @param {string | null} parent */
function foresee(thread, body, name, parent) {
  const li = make("li", "own held");
  li.id = "comment-~"; // after all there are
  const article = li.appendChild(make("article"));
  const header = article.appendChild(make("header"));
  header.append(make("b", "author", name || (thread.blank?.querySelector(".as")?.textContent ?? "")));
  article.append(make("p", "waiting", thread.words.sending));
  const text = article.appendChild(make("div", "body"));
  text.dir = "auto";
  text.append(...body.split(/\n{2,}/).map((each) => make("p", "", each)));
  if (thread.newest && !parent) li.id = "comment-";
  dress(li, thread.section.lang);
  place(thread.list, li, { parent, depth: Infinity, newest: thread.newest, more: thread.hasMore });
  if (thread.newest && !parent) thread.list.prepend(li);
  return li;
}

/** @type {Record<string, (thread: CommentThread, form: HTMLFormElement, typed: Typed) => Promise<void>>} */
const DEEDS = {
  async edit(thread, form, { body = "" }) {
    const id = form.dataset.comment ?? "";
    const { state } = await thread.client.send("PATCH", `/comments/${id}`, { body });
    thread.drafts.set(draftOf(form), null);
    form.remove();
    const li = await thread.renew(id);
    if (li) thread.go(li);
    thread.say(state === "published" ? "edited" : "held");
  },
  async delete(thread, form) {
    await thread.client.send("DELETE", `/comments/${form.dataset.comment}`);
    const li = commentOf(form);
    form.remove();
    if (li) remove(li, thread.words.removed);
    thread.piece(".heading")?.focus({ preventScroll: true });
    thread.say("deleted");
  },
  async report(thread, form, { reason, note }) {
    await thread.client.send("POST", `/comments/${form.dataset.comment}/reports`, { reason, note: note || null });
    const li = commentOf(form);
    form.remove();
    if (li) thread.go(li);
    thread.say("reported", li);
  },
};

/** What kept it from being done, where the reader sees it, with all that was typed. @param {CommentThread} thread @param {HTMLFormElement} form @param {Refused} refused */
function giveBack(thread, form, refused) {
  const { status, problem, message } = refused;
  const { failed, offline, write } = thread.words;
  blame(form, refused, message || (status || navigator.onLine ? failed : offline));
  if (problem.type?.endsWith("/parent-gone")) {
    // What was answered is gone: its answer may go to the article instead.
    thread.drafts.set(draftOf(form), null);
    delete form.dataset.comment;
    form.querySelector("h3")?.replaceChildren(write);
  }
  if (!status) addEventListener("online", () => tell(form, ""), { once: true });
  if (/\/(thread-closed|comments-off)$/.test(problem.type ?? "")) void thread.refresh();
}

/** @returns {string} a key that nobody guesses */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

