// What stands around the comments follows the thread: its heading, its notice, and whether its forms may be sent.

import { field, fill, tell } from "./forms.js";
import { make } from "./rendering.js";

/** @typedef {import("./thread-element.js").CommentThread} CommentThread @typedef {import("./api.js").Thread} Thread */

/** Show the thread as it is now. @param {CommentThread} thread @param {Thread} now */
export function show(thread, now) {
  const { section } = thread;
  const heading = thread.piece(".heading");
  const title = thread.piece("meta[itemprop=name]")?.getAttribute("content") ?? "";
  if (heading && heading.textContent !== now.heading) {
    const [before, after] = title ? now.heading.split(title) : [now.heading];
    heading.replaceChildren(before ?? "", ...(after === undefined ? [] : [make("bdi", "", title), after]));
  }
  const was = section.dataset.state;
  section.dataset.state = now.notice ? "closed" : now.state;
  notify(thread, now);
  if (now.notice) close(thread);
  else if (was === "closed") void reopen(thread);
}

/** @param {CommentThread} thread @param {Thread} now */
function notify(thread, now) {
  let notice = thread.piece(".notice");
  if (!now.notice) return notice?.remove();
  if (!notice) {
    notice = make("p", "notice");
    (thread.piece("#form") ?? thread.piece(".news"))?.before(notice);
  }
  notice.replaceChildren(now.notice, ...(now.close_reason ? [" ", make("bdi", "", now.close_reason)] : []));
  thread.dress();
}

/** Keep what is being typed where it is, to be copied; empty forms go. @param {CommentThread} thread */
export function close(thread) {
  for (const form of thread.section.querySelectorAll("form")) {
    const body = field(form, "body");
    if (!body || form.hidden) continue;
    if (form.ariaBusy !== "true") form.hidden = !body.value.trim();
    body.readOnly = true;
    set(form, true);
    tell(form, thread.words.just_closed);
  }
  const draft = thread.drafts.all()["post:"];
  if (!thread.piece("#form") && draft) keepAt(thread, draft.body);
}

/** @param {CommentThread} thread @param {string} words */
function keepAt(thread, words) {
  const form = make("div", "write");
  form.id = "form";
  const text = make("textarea");
  text.value = words;
  text.readOnly = true;
  text.rows = 6;
  text.setAttribute("aria-label", thread.words.write);
  form.append(make("p", "hint", thread.words.kept), make("p", "field"));
  form.lastElementChild?.append(text);
  thread.section.append(form);
  thread.dress();
}

/** @param {CommentThread} thread */
async function reopen(thread) {
  const at = thread.piece("#form");
  if (!thread.blank) {
    const fresh = (await thread.client.fragment({ limit: "1" })).querySelector("form");
    if (!fresh) return;
    thread.blank = /** @type {HTMLFormElement} */ (fresh.cloneNode(true));
    if (at) at.replaceWith(fresh);
    else thread.section.append(fresh);
    return fill(thread, fresh);
  }
  for (const form of thread.section.querySelectorAll("form")) {
    const body = field(form, "body");
    if (!body?.readOnly) continue;
    body.readOnly = form.hidden = false;
    set(form, false);
    tell(form, "");
  }
}

/** @param {HTMLElement} form @param {boolean} hidden */
function set(form, hidden) {
  for (const each of form.querySelectorAll(".who, .as, .hint, .send")) {
    /** @type {HTMLElement} */ (each).hidden = hidden;
  }
}
