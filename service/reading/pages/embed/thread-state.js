// Keep the heading, the notice and the forms up to date with the state of the thread.

import { field, fillForm, showFormError } from "./forms.js";
import { make, parse } from "./render.js";

/** @typedef {import("./shown-thread.js").ShownThread} ShownThread */

/** Show the current state of the thread. @param {ShownThread} thread @param {import("./api.js").Thread} now */
export function showState(thread, { heading, notice, close_reason, closes_at }) {
  const at = /** @type {HTMLElement} */ (thread.query(".heading"));
  if (at.textContent !== heading) {
    const title = at.querySelector("bdi")?.textContent ?? "";
    const index = heading.lastIndexOf(title);
    const after = heading.slice(index + title.length);
    at.replaceChildren(...(index < 0 ? [heading] : [heading.slice(0, index), make("bdi", "", title), after]));
  }
  const { dataset } = thread.section;
  const was = dataset.state;
  // A notice says that comments are closed or off, or when they will close.
  dataset.state = notice && !closes_at ? "closed" : "open";
  thread.query(".notice")?.remove();
  if (notice) {
    const line = make("p", "notice", notice);
    if (close_reason) line.append(" ", make("bdi", "", close_reason));
    thread.query(".new-replies")?.after(line);
    thread.decorate();
  }
  if (dataset.state === "closed") {
    if (was !== "closed") thread.clearMessages();
    closeForms(thread);
  } else if (was === "closed") void openForms(thread).catch(reportError);
}

/** Close the forms; the style sheet hides their other fields. Typed text stays readable, so that it can be copied; empty forms are hidden. @param {ShownThread} thread */
export function closeForms(thread) {
  for (const form of thread.section.querySelectorAll("form")) {
    const body = field(form, "body");
    if (body) body.readOnly = true;
    if (body && !form.ariaBusy) form.hidden = !body.value.trim();
    if (body) showFormError(form, thread.messages.just_closed);
  }
  const drafts = Object.entries(thread.drafts.all()).filter(([name]) => name.startsWith("post"));
  if (thread.query("#form") || !drafts.length) return;
  const drafted = parse('<div class="write" id="form"><p class="hint"></p><p class="field"><textarea rows="6" readonly>').firstChild;
  const [hint, { firstElementChild: text }] = /** @type {any} */ (drafted).children;
  hint.append(thread.messages.kept);
  text.append(drafts.map(([, { body }]) => body).join("\n\n"));
  text.ariaLabel = thread.messages.write;
  thread.section.append(/** @type {Node} */ (drafted));
  thread.decorate();
}

/** @param {ShownThread} thread */
async function openForms(thread) {
  for (const form of thread.section.querySelectorAll("form")) {
    const body = field(form, "body");
    if (!body?.readOnly) continue;
    body.readOnly = false;
    form.hidden = false;
    showFormError(form);
  }
  if (thread.replyForm) return;
  const form = (await thread.client.fragment({ limit: "1" })).querySelector("form");
  if (!form) return;
  thread.replyForm = form.cloneNode(true);
  thread.query("#form")?.remove();
  thread.section.append(form);
  fillForm(thread, form);
  thread.decorate();
}
