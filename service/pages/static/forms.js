// The forms in place: opened by the links below a comment, filled with what was typed before, told what is wrong.

import { commentOf, find, idOf } from "./tree.js";
import { make } from "./rendering.js";

/**
 * @typedef {import("./thread-element.js").CommentThread} CommentThread
 * @typedef {import("./api.js").Refused} Refused
 * @typedef {HTMLInputElement | HTMLTextAreaElement} Field
 */

/** @param {ParentNode} form @param {string} name @returns {Field | null} */
export function field(form, name) {
  return form.querySelector(`[name="${name}"]`);
}

/** @param {HTMLElement} form the name of its draft */
export function draftOf(form) {
  return `${form.dataset.deed ?? ""}:${form.dataset.comment ?? ""}`;
}

/**
 * Open the form for `deed` on the comment `li`; if it is open already, go there.
 * @param {CommentThread} thread @param {HTMLElement} li @param {string} deed
 */
export async function open(thread, li, deed, goes = true) {
  let form = /** @type {HTMLFormElement | null} */ (li.querySelector(":scope > .write"));
  if (form?.dataset.deed !== deed) {
    form?.remove();
    form = deed === "post" ? replyForm(thread, li) : emptyForm(thread, deed);
    if (!form) return;
    form.dataset.comment = idOf(li);
    for (const each of form.querySelectorAll("[id]")) each.id += `-${idOf(li)}`;
    for (const each of form.querySelectorAll("[aria-describedby]")) {
      each.setAttribute("aria-describedby", `hint-${idOf(li)}`);
    }
    li.querySelector(":scope > article")?.after(form);
    const body = field(form, "body");
    if (deed === "edit" && body && !thread.drafts.all()[draftOf(form)]) {
      const told = await thread.client.call(`/comments/${idOf(li)}`).catch(() => null);
      body.value = told ? (await told.json()).comment.body : "";
    }
    fill(thread, form);
  }
  if (goes) /** @type {HTMLElement | null} */ (form.querySelector("textarea, input, button"))?.focus();
}

/** @param {CommentThread} thread @param {HTMLElement} li */
function replyForm(thread, li) {
  const form = /** @type {HTMLFormElement | undefined} */ (thread.blank?.cloneNode(true));
  if (!form) return null;
  const link = li.querySelector(":scope > article [data-deed=reply]");
  form.removeAttribute("id");
  form.querySelector("h3")?.replaceChildren(link?.getAttribute("aria-label") ?? "");
  const cancel = emptyForm(thread, "edit")?.querySelector(".cancel");
  if (cancel) form.querySelector(".send")?.append(" ", cancel);
  return form;
}

/** @param {CommentThread} thread @param {string} deed */
function emptyForm(thread, deed) {
  const template = /** @type {HTMLTemplateElement | null} */ (thread.piece(`template[data-form="${deed}"]`));
  const form = template?.content.querySelector("form");
  return form ? document.importNode(form, true) : null;
}

/**
 * Put into `form` what was typed before, and who typed it.
 * @param {CommentThread} thread @param {HTMLFormElement} form
 */
export function fill(thread, form) {
  const draft = thread.drafts.all()[draftOf(form)];
  const body = field(form, "body");
  if (draft && body) body.value = draft.body;
  for (const [name, value] of Object.entries(thread.who())) {
    const known = field(form, name);
    if (known && !known.value) known.value = value;
  }
  form.dataset.since = String(draft?.at ?? Date.now());
  thread.dress();
}

/** Open the forms again in which something was being typed. @param {CommentThread} thread */
export function reopen(thread) {
  for (const name of Object.keys(thread.drafts.all())) {
    const [deed = "", comment = ""] = name.split(":");
    const li = comment && find(thread.list, comment);
    const link = li && li.querySelector(`:scope > article [data-deed=${deed === "post" ? "reply" : deed}]`);
    if (link) void open(thread, li, deed, false);
  }
}

/** @param {CommentThread} thread @param {HTMLElement} form */
export function cancel(thread, form) {
  const { deed } = form.dataset;
  thread.drafts.set(draftOf(form), null);
  const link = commentOf(form)?.querySelector(`:scope > article [data-deed=${deed === "post" ? "reply" : deed}]`);
  form.remove();
  /** @type {HTMLElement | null | undefined} */ (link)?.focus();
}

/** Keep what is typed. @param {CommentThread} thread @param {EventTarget | null} target */
export function note(thread, target) {
  const form = target instanceof Element && target.closest("form");
  const body = form && field(form, "body");
  if (!form || !body) return;
  const at = Number(form.dataset.since) || Date.now();
  thread.drafts.set(draftOf(form), { body: body.value, at }); // other words are another post: the old key goes
}

/** @param {HTMLElement} form @param {string} sentence */
export function tell(form, sentence) {
  const error = /** @type {HTMLElement | null} */ (form.querySelector(".error"));
  if (!error) return;
  error.textContent = sentence;
  error.hidden = !sentence;
}

/** @param {HTMLElement} form */
export function untell(form) {
  tell(form, "");
  for (const wrong of form.querySelectorAll(".wrong")) wrong.remove();
  for (const each of form.querySelectorAll("[aria-invalid]")) {
    each.removeAttribute("aria-invalid");
    const hint = each.getAttribute("aria-describedby")?.split(" ")[0] ?? "";
    if (hint.startsWith("hint")) each.setAttribute("aria-describedby", hint);
    else each.removeAttribute("aria-describedby");
  }
}

/**
 * Say beside its field what is wrong, or above the form.
 * @param {HTMLFormElement} form @param {Refused} refused @param {string} sentence
 */
export function blame(form, refused, sentence) {
  const name = refused.problem.pointer?.split("/").pop() ?? "";
  const at = field(form, name === "author" ? "name" : name);
  if (!at || at.type === "radio" || at.type === "hidden") {
    tell(form, sentence);
    form.querySelector("textarea")?.focus();
    return;
  }
  const wrong = make("span", "wrong", sentence);
  wrong.id = `wrong-${name}-${form.dataset.comment ?? ""}`;
  at.closest(".field")?.append(wrong);
  at.setAttribute("aria-invalid", "true");
  at.setAttribute("aria-describedby", `${at.getAttribute("aria-describedby") ?? ""} ${wrong.id}`.trim());
  at.focus();
}
