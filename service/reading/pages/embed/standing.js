// What stands around the comments follows the thread: its heading, its notice, and whether its forms may be sent.

import { field, fill, tellForm } from "./forms.js";
import { make, parse } from "./rendering.js";

/** @typedef {import("./shown-thread.js").ShownThread} ShownThread */

/** Show the thread as it is now. @param {ShownThread} thread @param {import("./api.js").Thread} now */
export function stand(thread, { heading, notice, close_reason, state }) {
  const at = /** @type {HTMLElement} */ (thread.piece(".heading"));
  const title = /** @type {HTMLMetaElement} */ (thread.piece("[itemprop=name]")).content;
  if (at.textContent !== heading) {
    const place = heading.lastIndexOf(title);
    const after = heading.slice(place + title.length);
    at.replaceChildren(...(place < 0 ? [heading] : [heading.slice(0, place), make("bdi", "", title), after]));
  }
  const { dataset } = thread.section;
  const was = dataset.state;
  dataset.state = notice ? "closed" : state;
  thread.piece(".notice")?.remove();
  if (notice) {
    const told = make("p", "notice", notice);
    if (close_reason) told.append(" ", make("bdi", "", close_reason));
    thread.piece(".news")?.after(told);
    thread.dress();
    if (was !== "closed") thread.hush();
    closeForms(thread);
  } else if (was === "closed") void openForms(thread).catch(reportError);
}

/** Keep what was being typed where it is, to be copied; empty forms go. @param {ShownThread} thread */
export function closeForms(thread) {
  for (const form of thread.section.querySelectorAll("form")) {
    const body = field(form, "body");
    if (body) set(form, body, true);
    if (body && !form.ariaBusy) form.hidden = !body.value.trim();
    if (body) tellForm(form, thread.words.just_closed);
  }
  const drafts = Object.entries(thread.drafts.all()).filter(([name]) => name.startsWith("post"));
  if (thread.piece("#form") || !drafts.length) return;
  const kept = parse('<div class="write" id="form"><p class="hint"></p><p class="field"><textarea rows="6" readonly>').firstChild;
  const [hint, { firstElementChild: text }] = /** @type {any} */ (kept).children;
  hint.append(thread.words.kept);
  text.append(drafts.map(([, { body }]) => body).join("\n\n"));
  text.ariaLabel = thread.words.write;
  thread.section.append(/** @type {Node} */ (kept));
  thread.dress();
}

/** @param {ShownThread} thread */
async function openForms(thread) {
  for (const form of thread.section.querySelectorAll("form")) {
    const body = field(form, "body");
    if (!body?.readOnly) continue;
    set(form, body, false);
    form.hidden = false;
    tellForm(form);
  }
  if (thread.blank) return;
  const form = (await thread.client.fragment({ limit: "1" })).querySelector("form");
  if (!form) return;
  thread.blank = form.cloneNode(true);
  thread.piece("#form")?.remove();
  thread.section.append(form);
  fill(thread, form);
  thread.dress();
}

/** @param {HTMLElement} form @param {{readOnly: boolean}} body @param {boolean} isClosed */
function set(form, body, isClosed) {
  body.readOnly = isClosed;
  for (const each of form.querySelectorAll("h3, .who, .as, .hint, .send")) {
    /** @type {HTMLElement} */ (each).hidden = isClosed;
  }
}
