// The forms below comments: open them, fill in drafts, show errors.

import { make } from "./render.js";
import { commentOf, find, idOf, its } from "./tree.js";

/**
 * @typedef {import("./shown-thread.js").ShownThread} ShownThread
 * @typedef {import("./storage.js").Draft} Draft
 */

/** @param {ParentNode} form @param {string} name @returns {HTMLInputElement | HTMLTextAreaElement | null} */
export function field(form, name) {
  return form.querySelector(`[name="${name}"]`);
}

/** The name under which a form's draft is stored. @param {HTMLElement} form */
export function draftName({ dataset }) {
  return `${dataset.deed}:${dataset.comment ?? ""}`;
}

/**
 * Open the form for the action `deed` below the comment `li`, unless it is open, and focus it if `focuses`.
 * @param {ShownThread} thread @param {HTMLElement} li @param {string} deed
 */
export async function openForm(thread, li, deed, focuses = true) {
  const action = deed === "reply" ? "post" : deed;
  let form = /** @type {HTMLFormElement | null} */ (li.querySelector(":scope > form"));
  if (form?.dataset.deed !== action) {
    thread.clearMessages();
    form?.remove();
    form = deed === "reply" ? makeReplyForm(thread, li) : emptyForm(thread, deed);
    if (!form) return;
    const id = (form.dataset.comment = idOf(li));
    for (const each of form.querySelectorAll("[id]")) each.id += id;
    for (const each of form.querySelectorAll("[aria-describedby]")) each.setAttribute("aria-describedby", `hint${id}`);
    its(li)?.after(form);
    const body = field(form, "body");
    const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
    fillForm(thread, form);
    if (deed === "edit" && body && !body.value) {
      body.readOnly = button.disabled = true;
      const found = await thread.client.call(`/comments/${id}`).catch(() => {});
      body.readOnly = button.disabled = !found;
      if (found) body.value = found.comment.body;
      else showFormError(form, thread.words.not_loaded);
    }
    thread.decorate();
  }
  if (focuses) /** @type {HTMLElement | null} */ (form.querySelector("textarea") ?? form.querySelector("input, button"))?.focus();
}

/** @param {ShownThread} thread @param {HTMLElement} li */
function makeReplyForm(thread, li) {
  const form = /** @type {HTMLFormElement | undefined} */ (thread.replyForm?.cloneNode(true));
  if (!form) return null;
  form.id = "";
  form.querySelector("h3")?.replaceChildren(its(li, "[data-deed=reply]")?.ariaLabel ?? "");
  form.querySelector(".send")?.append(" ", emptyForm(thread, "edit")?.querySelector(".cancel") ?? "");
  return form;
}

/** @param {ShownThread} thread @param {string} deed */
function emptyForm(thread, deed) {
  const template = /** @type {HTMLTemplateElement | null} */ (thread.query(`[data-form="${deed}"]`));
  return template && document.importNode(template.content, true).querySelector("form");
}

/** Fill a form with its draft and the guest's details. @param {ShownThread} thread @param {HTMLFormElement} form */
export function fillForm(thread, form) {
  const draft = thread.drafts.all()[draftName(form)];
  const known = { ...thread.client.profile(), ...(draft && { body: draft.body }) };
  for (const [name, value] of Object.entries(known)) {
    const at = field(form, name);
    if (at) at.value = value;
  }
  stamp(form, draft);
}

/** Set the time from which a form is filled in, and the Idempotency-Key it is sent with. @param {HTMLElement} form @param {Partial<Draft>} [draft] */
export function stamp({ dataset }, { at = Date.now(), key = newKey() } = {}) {
  dataset.since = String(at);
  dataset.key = key;
}

/** Reopen the forms that have drafts. @param {ShownThread} thread */
export function reopenForms(thread) {
  for (const name of Object.keys(thread.drafts.all())) {
    const [deed, id] = name.split(":");
    const li = find(thread.list, id);
    if (li) void openForm(thread, li, deed === "post" ? "reply" : deed, false);
  }
}

/** @param {ShownThread} thread @param {HTMLElement} form */
export function cancelForm(thread, form) {
  const { deed } = form.dataset;
  const li = commentOf(form);
  thread.drafts.set(draftName(form));
  form.remove();
  if (li) its(li, `[data-deed=${deed === "post" ? "reply" : deed}]`)?.focus();
}

/** Store a form's draft and the guest's details. @param {ShownThread} thread @param {Element} target */
export function saveDraft(thread, target) {
  const form = target.closest("form");
  const body = form && field(form, "body");
  if (!body || form.ariaBusy) return;
  const { name, email, url } = /** @type {any} */ (Object.fromEntries(new FormData(form)));
  if (name !== undefined) thread.client.profile("", { name, email, url });
  const at = Number(form.dataset.since);
  stamp(form, { at }); // changed text is another post and needs a new key
  thread.drafts.set(draftName(form), { body: body.value, at, key: form.dataset.key });
}

/** Show an error above the form, or remove all errors. @param {HTMLElement} form @param {string} [message] */
export function showFormError(form, message) {
  const error = /** @type {HTMLElement} */ (form.querySelector(".error"));
  error.textContent = message ?? "";
  error.hidden = !message;
  for (const wrong of form.querySelectorAll(".wrong")) wrong.remove();
  for (const each of form.querySelectorAll("[aria-invalid]")) {
    each.ariaInvalid = null;
    each.setAttribute("aria-describedby", described(each).replace(/^\S+\s/, ""));
  }
}

/**
 * Show an error beside the field at `pointer`, or above the form.
 * @param {HTMLFormElement} form @param {string} message @param {string} [pointer]
 */
export function showFieldError(form, message, pointer) {
  const name = pointer?.split("/").pop() ?? "";
  const at = field(form, name === "author" ? "name" : name);
  const label = at?.closest(".field > label");
  if (!at || !label) {
    showFormError(form, message);
    form.querySelector("textarea")?.focus();
    return;
  }
  const wrong = make("span", "wrong", message);
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

/** A random key that cannot be guessed. */
function newKey() {
  return crypto.getRandomValues(new Uint32Array(5)).join("-");
}
