// The forms in place: opened by the links below a comment, filled with what was typed before, told what is wrong.

import { make } from "./rendering.js";
import { commentOf, find, idOf, its } from "./tree.js";

/**
 * @typedef {import("./shown-thread.js").ShownThread} ShownThread
 * @typedef {import("./storage.js").Draft} Draft
 */

/** @param {ParentNode} form @param {string} name @returns {HTMLInputElement | HTMLTextAreaElement | null} */
export function field(form, name) {
  return form.querySelector(`[name="${name}"]`);
}

/** The name of a form's draft. @param {HTMLElement} form */
export function draftOf({ dataset }) {
  return `${dataset.deed}:${dataset.comment ?? ""}`;
}

/**
 * Open the form for `deed` below the comment `li`, and go there; if it is open already, only that.
 * @param {ShownThread} thread @param {HTMLElement} li @param {string} deed
 */
export async function openForm(thread, li, deed, goes = true) {
  const is = deed === "reply" ? "post" : deed;
  let form = /** @type {HTMLFormElement | null} */ (li.querySelector(":scope > form"));
  if (form?.dataset.deed !== is) {
    thread.hush();
    form?.remove();
    form = deed === "reply" ? replyForm(thread, li) : emptyForm(thread, deed);
    if (!form) return;
    const id = (form.dataset.comment = idOf(li));
    for (const each of form.querySelectorAll("[id]")) each.id += id;
    for (const each of form.querySelectorAll("[aria-describedby]")) each.setAttribute("aria-describedby", `hint${id}`);
    its(li)?.after(form);
    const body = field(form, "body");
    const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
    fill(thread, form);
    if (deed === "edit" && body && !body.value) {
      body.readOnly = button.disabled = true;
      const told = await thread.client.call(`/comments/${id}`).catch(() => {});
      body.readOnly = button.disabled = !told;
      if (told) body.value = told.comment.body;
      else tellForm(form, thread.words.not_loaded);
    }
    thread.dress();
  }
  if (goes) /** @type {HTMLElement | null} */ (form.querySelector("textarea") ?? form.querySelector("input, button"))?.focus();
}

/** @param {ShownThread} thread @param {HTMLElement} li */
function replyForm(thread, li) {
  const form = /** @type {HTMLFormElement | undefined} */ (thread.blank?.cloneNode(true));
  if (!form) return null;
  form.id = "";
  form.querySelector("h3")?.replaceChildren(its(li, "[data-deed=reply]")?.ariaLabel ?? "");
  form.querySelector(".send")?.append(" ", emptyForm(thread, "edit")?.querySelector(".cancel") ?? "");
  return form;
}

/** @param {ShownThread} thread @param {string} deed */
function emptyForm(thread, deed) {
  const template = /** @type {HTMLTemplateElement | null} */ (thread.piece(`[data-form="${deed}"]`));
  return template && document.importNode(template.content, true).querySelector("form");
}

/** Put into a form what was typed before, and who typed it. @param {ShownThread} thread @param {HTMLFormElement} form */
export function fill(thread, form) {
  const draft = thread.drafts.all()[draftOf(form)];
  const known = { ...thread.client.who(), ...(draft && { body: draft.body }) };
  for (const [name, value] of Object.entries(known)) {
    const at = field(form, name);
    if (at) at.value = value;
  }
  begin(form, draft);
}

/** Tell from when on a form is filled in, and by which key it is sent. @param {HTMLElement} form @param {Partial<Draft>} [draft] */
export function begin({ dataset }, { at = Date.now(), key = newKey() } = {}) {
  dataset.since = String(at);
  dataset.key = key;
}

/** Open the forms again in which something was being typed. @param {ShownThread} thread */
export function refill(thread) {
  for (const name of Object.keys(thread.drafts.all())) {
    const [deed, id] = name.split(":");
    const li = find(thread.list, id);
    if (li) void openForm(thread, li, deed === "post" ? "reply" : deed, false);
  }
}

/** @param {ShownThread} thread @param {HTMLElement} form */
export function cancel(thread, form) {
  const { deed } = form.dataset;
  const li = commentOf(form);
  thread.drafts.set(draftOf(form));
  form.remove();
  if (li) its(li, `[data-deed=${deed === "post" ? "reply" : deed}]`)?.focus();
}

/** Keep what is typed, and by whom. @param {ShownThread} thread @param {Element} target */
export function note(thread, target) {
  const form = target.closest("form");
  const body = form && field(form, "body");
  if (!body || form.ariaBusy) return;
  const { name, email, url } = /** @type {any} */ (Object.fromEntries(new FormData(form)));
  if (name !== undefined) thread.client.who("", { name, email, url });
  const at = Number(form.dataset.since);
  begin(form, { at }); // other words are another post: the old key goes
  thread.drafts.set(draftOf(form), { body: body.value, at, key: form.dataset.key });
}

/** @param {HTMLElement} form @param {string} [sentence] */
export function tellForm(form, sentence) {
  const error = /** @type {HTMLElement} */ (form.querySelector(".error"));
  error.textContent = sentence ?? "";
  error.hidden = !sentence;
  for (const wrong of form.querySelectorAll(".wrong")) wrong.remove();
  for (const each of form.querySelectorAll("[aria-invalid]")) {
    each.ariaInvalid = null;
    each.setAttribute("aria-describedby", described(each).replace(/^\S+\s/, ""));
  }
}

/**
 * Say beside its field what is wrong, or above the form.
 * @param {HTMLFormElement} form @param {string} sentence @param {string} [pointer]
 */
export function blame(form, sentence, pointer) {
  const name = pointer?.split("/").pop() ?? "";
  const at = field(form, name === "author" ? "name" : name);
  const label = at?.closest(".field > label");
  if (!at || !label) {
    tellForm(form, sentence);
    form.querySelector("textarea")?.focus();
    return;
  }
  const wrong = make("span", "wrong", sentence);
  wrong.id = `wrong${name}${form.dataset.comment ?? ""}`;
  label.after(wrong);
  at.ariaInvalid = "true";
  at.setAttribute("aria-describedby", `${wrong.id} ${described(at)}`);
  at.focus();
}

/** @param {Element} field */
function described(field) {
  return field.getAttribute("aria-describedby") ?? "";
}

/** A key that nobody guesses. */
function newKey() {
  return crypto.getRandomValues(new Uint32Array(5)).join("-");
}
