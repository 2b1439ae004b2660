// The cards of a list, and the focus on one of them.
// @ts-check

/** @returns {HTMLElement[]} the cards that can still be judged */
export const open_cards = () => [...document.querySelectorAll(".cards > .card:not(.done) > article")].map(as_element);

/** @param {Element} element @returns {HTMLElement} */
export function as_element(element) {
  return /** @type {HTMLElement} */ (element);
}

/** @returns {HTMLElement | null} */
export const current = () => {
  const article = document.activeElement?.closest(".card > article");
  return article ? as_element(article) : null;
};

/** @param {HTMLElement | null | undefined} element */
export function go_to(element) {
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "nearest" });
}
