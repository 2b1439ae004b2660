// The forms below comments: open them, fill in drafts, show errors.

import { format } from "./numbers.js";
import { make } from "./render.js";
import { store } from "./storage.js";
import { commentOf, find, idOf, inComment } from "./tree.js";

/**
 * @typedef {import("./shown-thread.js").ShownThread} ShownThread
 * @typedef {import("./storage.js").Draft} Draft
 */

/** @param {ParentNode} form @param {string} name @returns {HTMLInputElement | HTMLTextAreaElement | null} */
export function field(form, name) {
  return form.querySelector(`[name="${name}"]`);
}

/** The name of a form's draft in storage. @param {HTMLElement} form */
export function draftName({ dataset }) {
  return `${dataset.action}:${dataset.comment ?? ""}`;
}

/**
 * Open the form of a link's `action` below the comment `li`, unless it is open; focus it if `focuses`.
 * @param {ShownThread} thread @param {HTMLElement} li @param {string} action
 */
export async function openForm(thread, li, action, focuses = true) {
  let form = /** @type {HTMLFormElement | null} */ (li.querySelector(":scope > form"));
  if (form?.dataset.action !== formAction(action)) {
    thread.clearMessages();
    form?.remove();
    form = action === "reply" ? makeReplyForm(thread, li) : emptyForm(thread, action);
    if (!form) return;
    const id = (form.dataset.comment = idOf(li));
    for (const each of form.querySelectorAll("[id]")) each.id += id;
    for (const each of form.querySelectorAll("[aria-describedby]")) each.setAttribute("aria-describedby", `hint${id}`);
    inComment(li)?.after(form);
    const body = field(form, "body");
    const button = /** @type {HTMLButtonElement} */ (form.querySelector(".send button"));
    fillForm(thread, form);
    if (action === "edit" && body && !body.value) {
      body.readOnly = button.disabled = true;
      const found = await thread.client.call(`/comments/${id}`).catch(() => {});
      body.readOnly = button.disabled = !found;
      if (found) body.value = found.comment.body;
      else showFormError(form, thread.messages.not_loaded);
    }
    thread.decorate();
  }
  form.hidden = false;
  if (focuses) /** @type {HTMLElement | null} */ (form.querySelector("textarea") ?? form.querySelector("input, button"))?.focus();
}

/** The action of the form that a link opens: a link to reply opens the form to post. @param {string} action */
function formAction(action) {
  return action === "reply" ? "post" : action;
}

/** The action of the link that opens a form. @param {string} [action] */
export function linkAction(action = "") {
  return action === "post" ? "reply" : action;
}

/** @param {ShownThread} thread @param {HTMLElement} li */
function makeReplyForm(thread, li) {
  const form = /** @type {HTMLFormElement | undefined} */ (thread.replyForm?.cloneNode(true));
  if (!form) return null;
  form.id = "";
  form.querySelector("h3")?.replaceChildren(inComment(li, "[data-action=reply]")?.ariaLabel ?? "");
  form.querySelector("[name=quote]")?.removeAttribute("hidden");
  form.querySelector(".back")?.remove();
  form.querySelector(".send")?.append(" ", emptyForm(thread, "edit")?.querySelector(".cancel") ?? "");
  return form;
}

/** @param {ShownThread} thread @param {string} action */
function emptyForm(thread, action) {
  const template = /** @type {HTMLTemplateElement | null} */ (thread.query(`[data-form="${action}"]`));
  return template && document.importNode(template.content, true).querySelector("form");
}

/** Fill a form with its draft and the guest's details. @param {ShownThread} thread @param {HTMLFormElement} form */
export function fillForm(thread, form) {
  const draft = thread.drafts.all()[draftName(form)];
  /** @type {Record<string, string>} */
  const values = { ...thread.client.profile(), ...(draft && { body: draft.body }) };
  fillIn(form, values);
  field(form, "forget")?.toggleAttribute("hidden", !values.name);
  stamp(form, draft);
}

/** Forget the guest, so that another person can write; the texts stay. @param {ShownThread} thread @param {HTMLFormElement} form */
export async function forgetGuest(thread, form) {
  fillIn(form, { name: "", email: "", url: "" });
  saveDraft(thread, form);
  store(thread.client.author, "");
  await thread.open(); // the guest's comments are another person's now
  field(thread.section, "name")?.focus();
}

/** @param {HTMLFormElement} form @param {Record<string, string>} values */
function fillIn(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const at = field(form, name);
    if (at) at.value = value;
  }
}

/** Set the time at which the reader started to fill in a form, and its Idempotency-Key. @param {HTMLElement} form @param {Partial<Draft>} [draft] */
export function stamp({ dataset }, { at = Date.now(), key = newKey() } = {}) {
  dataset.since = String(at);
  dataset.key = key;
}

/** Reopen the forms that have drafts. @param {ShownThread} thread */
export function reopenForms(thread) {
  for (const name of Object.keys(thread.drafts.all())) {
    const [action, id] = name.split(":");
    const li = find(thread.list, id);
    if (li) void openForm(thread, li, linkAction(action), false);
  }
}

/** Store a form's draft and the guest's details. @param {ShownThread} thread @param {Element} target */
export function saveDraft(thread, target) {
  const form = target.closest("form");
  const body = form && field(form, "body");
  if (!body || form.ariaBusy) return;
  showLength(thread, form, body.value);
  const { name, email, url } = /** @type {any} */ (Object.fromEntries(new FormData(form)));
  if (name !== undefined) {
    thread.client.profile("", { name, email, url });
    for (const other of thread.section.querySelectorAll("form")) if (other !== form) fillIn(other, { name, email, url });
  }
  const at = Number(form.dataset.since);
  stamp(form, { at }); // changed text is another post and needs a new key
  thread.drafts.set(draftName(form), { body: body.value, at, key: form.dataset.key });
}

/** Near the limit, show how long a text is. @param {ShownThread} thread @param {HTMLElement} form @param {string} text */
function showLength({ section }, form, text) {
  const at = /** @type {HTMLElement} */ (form.querySelector("output"));
  const [length, max] = [[...text].length, Number(at.dataset.max)];
  at.hidden = length <= max * 0.9;
  at.textContent = `${format(section, length)} / ${format(section, max)}`;
  at.classList.toggle("field-error", length > max);
}

/** Show an error above the form, or remove all errors. @param {HTMLElement} form @param {string} [message] */
export function showFormError(form, message) {
  const error = /** @type {HTMLElement} */ (form.querySelector(".error"));
  error.textContent = message ?? "";
  error.hidden = !message;
  for (const error of form.querySelectorAll("span.field-error")) error.remove();
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
  const error = make("span", "field-error", message);
  error.id = `error${name}${form.dataset.comment ?? ""}`;
  label.after(error);
  at.ariaInvalid = "true";
  at.setAttribute("aria-describedby", `${error.id} ${described(at)}`);
  at.focus();
}

/** @param {Element} field */
function described(field) {
  return field.getAttribute("aria-describedby") ?? "";
}

/** Return a random key. */
function newKey() {
  return crypto.getRandomValues(new Uint32Array(5)).join("-");
}
