// The form that bans an author, in the card of a comment.
// @ts-check

import { go_to, open_cards } from "./cards.js";

/** @param {Element} ban the place of the form */
export function close_ban(ban) {
  ban.replaceChildren();
  go_to(/** @type {HTMLElement | null} */ (ban.closest("article")));
}

/** In the form of a ban, a digit chooses how long, and Escape closes it. @param {Element} ban @param {KeyboardEvent} event */
export function press_in_ban(ban, event) {
  if (event.key === "Escape") close_ban(ban);
  const length = ban.querySelectorAll('input[type="radio"]')[Number(event.key) - 1];
  if (!(length instanceof HTMLInputElement) || /** @type {Element} */ (event.target).matches('[name="reason"]')) return;
  event.preventDefault();
  length.checked = true;
  length.focus();
}

/** A ban decides nothing: its card is drawn again and stays, and the focus goes on to the next. @param {string} id */
export function leave_banned(id) {
  const cards = open_cards();
  const at = cards.findIndex((each) => each.id === id);
  if (at >= 0) go_to(cards[at + 1] ?? cards[at]);
}
