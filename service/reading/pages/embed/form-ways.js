// Ways to a form and out of it: the prompt, keys, the link to cancel.

import { draftName, field, linkAction, saveDraft, showFormError } from "./forms.js";
import { parse } from "./render.js";
import { commentOf, inComment } from "./tree.js";

/** @typedef {import("./shown-thread.js").ShownThread} ShownThread */

/** Go to the form for a comment on the article. The prompt above the comments opens it in its place. @param {ShownThread} thread @param {Element} link */
export function goToForm(thread, link) {
  const form = /** @type {HTMLElement} */ (thread.query("#form"));
  thread.cameFrom = commentOf(thread.root.elementFromPoint(innerWidth / 2, innerHeight / 2));
  if (link.matches(".prompt a")) link.parentElement?.after(form);
  form.querySelector("textarea")?.focus();
}

/** Ctrl or ⌘ with Enter sends a form; Escape closes it and keeps its words. @param {ShownThread} thread @param {KeyboardEvent} event */
export function pressKey(thread, { key, ctrlKey, metaKey, target }) {
  const form = /** @type {Element} */ (target).closest("form");
  if (form && key === "Enter" && (ctrlKey || metaKey)) form.requestSubmit();
  if (form && key === "Escape") closeForm(thread, form);
}

/** @param {ShownThread} thread @param {HTMLElement} form */
export function cancelForm(thread, form) {
  closeForm(thread, form);
  thread.drafts.set(draftName(form));
  form.remove();
}

/** Hide a form with its words. @param {ShownThread} thread @param {HTMLElement} form */
function closeForm(thread, form) {
  const { action } = form.dataset;
  const li = commentOf(form);
  if (form.id === "form") {
    if (!form.previousElementSibling?.matches(".prompt")) return;
    thread.section.append(form);
    thread.query(".prompt a")?.focus();
  }
  form.hidden = Boolean(li);
  if (li) inComment(li, `[data-action=${linkAction(action)}]`)?.focus();
}

/** Show a text as it would look when it is posted. @param {ShownThread} thread @param {HTMLElement} form */
export async function preview(thread, form) {
  showFormError(form);
  const body = field(form, "body")?.value;
  const result = await thread.client.call("/preview", "POST", { body }).catch((error) => error);
  const at = /** @type {HTMLElement} */ (form.querySelector(".preview"));
  at.hidden = !result.html;
  if (result.html) at.replaceChildren(parse(result.html));
  else showFormError(form, result.message || thread.messages.failed);
}

/** Quote the comment that a form answers. @param {ShownThread} thread @param {HTMLElement} li @param {HTMLElement} form */
export function quote(thread, li, form) {
  const text = field(form, "body");
  if (!text) return;
  text.value = `${inComment(li, ".body")?.innerText.replace(/^/gm, "> ")}\n\n${text.value}`;
  text.focus();
  saveDraft(thread, text);
}
