// The desk works without this script. With it: keys, focus on the next thing to judge, and many cards at once.
// @ts-check

import { close_ban, leave_banned, press_in_ban } from "./ban.js";
import { as_element, current, go_to, open_cards } from "./cards.js";

const document_ = document.documentElement;
document_.classList.add("scripted");

const FEW = 6; // cards left before the next ones are loaded
/** The buttons that a key presses, by the value of the button. */
const ACTIONS = { a: ["publish"], s: ["spam"], h: ["hold"], d: ["delete"], f: ["feature", "unfeature"] };
const queue = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-queue]"));

/** Moves the focus by so many cards, and loads more before they run out. @param {number} step */
function move(step) {
  const cards = open_cards();
  const now = current();
  const at = now ? cards.indexOf(now) : -1;
  go_to(cards[at < 0 ? (step > 0 ? 0 : cards.length - 1) : Math.min(Math.max(at + step, 0), cards.length - 1)]);
  load_more(cards.length - at);
}

/** @param {number} left */
function load_more(left) {
  const more = document.querySelector(".cards > .more");
  if (more && left <= FEW) more.dispatchEvent(new Event("more"));
}

/** @returns {HTMLInputElement[]} */
const selected = () => [...document.querySelectorAll('.card input[form="bulk"]:checked')].map(
  (each) => /** @type {HTMLInputElement} */ (each));

function show_selected() {
  const bulk = document.getElementById("bulk");
  const count = bulk?.querySelector("[data-selected]");
  if (!bulk || !count) return;
  bulk.classList.toggle("in-use", selected().length > 0);
  count.textContent = (count.getAttribute("data-selected") ?? "").replace("{n}", String(selected().length));
}

/** Presses the first of the buttons that the card, or the bar for many, has. @param {string[]} values */
function press(values) {
  const place = selected().length ? document.getElementById("bulk") : current();
  for (const value of values) {
    const button = place?.querySelector(`button[name="action"][value="${value}"]`);
    if (button) return as_element(button).click();
  }
}

/** @param {HTMLElement | null} card */
function open_reasons(card) {
  const menu = card?.querySelector("details.menu");
  if (!(menu instanceof HTMLDetailsElement)) return;
  menu.open = true;
  const chosen = menu.querySelector('input[name="reason"]:checked');
  if (chosen) as_element(chosen).focus();
}

/** @param {HTMLDetailsElement} menu */
function close_menu(menu) {
  menu.open = false;
  go_to(/** @type {HTMLElement | null} */ (menu.closest("article")));
}

/** In the list of reasons, a digit chooses one and rejects. @param {HTMLElement} menu @param {string} digit */
function choose_reason(menu, digit) {
  const reasons = menu.querySelectorAll('input[name="reason"]');
  const reason = reasons[Number(digit) - 1];
  if (!(reason instanceof HTMLInputElement)) return;
  reason.checked = true;
  as_element(/** @type {Element} */ (menu.querySelector('button[value="reject"]'))).click();
}

function undo() {
  const buttons = [...document.querySelectorAll('button[name="action"][value="undo"]')].map(as_element);
  const last = last_done && document.getElementById(last_done)?.querySelector('button[value="undo"]');
  (last ? as_element(last) : buttons.at(-1))?.click();
}

const MOVES = ["j", "k"];
/** @type {Record<string, () => void>} */
const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  r: () => (selected().length ? press(["reject"]) : open_reasons(current())),
  u: undo,
  x: () => as_element(/** @type {Element} */ (current()?.querySelector('input[form="bulk"]')))?.click(),
  b: () => as_element(/** @type {Element} */ (current()?.querySelector('[data-key="b"]')))?.click(),
  c: () => as_element(/** @type {Element} */ (current()?.querySelector('[data-key="c"]')))?.click(),
  "?": () => dialog()?.showModal(),
  "/": () => {
    const filter = document.querySelector(".filter");
    if (filter instanceof HTMLDetailsElement) filter.open = true;
    as_element(/** @type {Element} */ (filter?.querySelector('input[type="search"]')))?.focus();
  },
  ...Object.fromEntries(Object.entries(ACTIONS).map(([key, values]) => [key, () => press(values)])),
};

const dialog = () => /** @type {HTMLDialogElement | null} */ (document.getElementById("keys"));

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (!queue() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog()?.open) return;
  const ban = target.closest(".ban");
  if (ban) return press_in_ban(ban, event);
  const menu = target.closest("details.menu");
  if (menu instanceof HTMLDetailsElement && menu.open) {
    if (event.key === "Escape") return close_menu(menu);
    if (!target.matches('input[name="note"]') && /^[1-9]$/.test(event.key)) {
      event.preventDefault();
      return choose_reason(menu, event.key);
    }
  }
  if (target.matches('input:not([type="checkbox"], [type="radio"]), select, textarea')) {
    if (event.key === "Escape") go_to(open_cards()[0]);
    return;
  }
  const act = KEYS[event.key];
  if (!act || (event.repeat && !MOVES.includes(event.key))) return; // a held key decides on one comment
  event.preventDefault();
  act();
});

document.addEventListener("change", (event) => {
  if (/** @type {HTMLElement} */ (event.target).matches('input[form="bulk"]')) show_selected();
});
document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("[data-opens]")) dialog()?.showModal();
  const ban = target.closest("[data-cancel]")?.closest(".ban");
  if (!ban || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  close_ban(ban);
});

// The focus goes on at once, before the service has answered; the answer changes the card that was left.
/** @type {string | null} */
let last_done = null;
let decisions = 0;
let answering = 0; // decisions without an answer yet
let overlapping = false;
/** The ids of the cards whose decision is on its way. @type {Set<string>} */
const sent = new Set();

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = /** @type {HTMLElement} */ (event.target);
  if (form.id === "newer") form.dataset.sent = String(decisions);
  if (!form.matches('form[data-hx-post$="/decisions"]')) return;
  decisions += 1;
  answering += 1;
  overlapping ||= answering > 1;
  const chosen = selected();
  const cards = form.id === "bulk" ? chosen.map((each) => each.closest(".card")) : [form.closest(".card")];
  for (const card of cards) {
    card?.setAttribute("aria-busy", "true");
    if (card) sent.add(card.id);
  }
  const leaving = cards.map((card) => card?.querySelector("article"));
  const left = open_cards();
  const from = left.findIndex((each) => leaving.includes(each));
  const remaining = left.filter((each) => !leaving.includes(each));
  const after = left.slice(from + 1).find((each) => !leaving.includes(each)) ?? remaining.at(-1);
  last_done = cards[0]?.id ?? null;
  const stays = form.querySelector('[name="keep"]'); // the card comes back in its place
  if (from >= 0 && !stays) go_to(after ?? document.getElementById("main"));
  load_more(left.length - from);
});

// Counts that were asked for before a decision are out of date.
document.addEventListener("htmx:beforeSwap", (event) => {
  const element = /** @type {HTMLElement} */ (event.target);
  if (element.id !== "newer" || element.dataset.sent === String(decisions)) return;
  /** @type {CustomEvent} */ (event).detail.shouldSwap = false;
});

/** Answers that overlapped may have come in another order than the decisions, and with them the counts. */
function count_again() {
  answering -= 1;
  if (answering > 0 || !overlapping) return;
  overlapping = false;
  document.getElementById("newer")?.dispatchEvent(new Event("answered"));
}

document.addEventListener("htmx:afterRequest", (event) => {
  const { detail } = /** @type {CustomEvent} */ (event);
  const form = /** @type {HTMLElement} */ (detail.requestConfig?.elt ?? detail.elt); // the form may be gone already
  const cards = form.id === "bulk" ? document.querySelectorAll(".card[aria-busy]") : [form.closest(".card")];
  for (const card of cards) card?.removeAttribute("aria-busy");
  if (form.matches('form[data-hx-post$="/decisions"]')) count_again();
  const banned = form.closest(".ban");
  if (banned && form.matches("form") && detail.xhr?.status === 200) leave_banned(banned.id.replace("ban", "comment"));
  if (detail.successful || detail.xhr?.status) return;
  const said = document.getElementById("said");
  if (said) said.textContent = said.dataset.failed ?? "";
});

// A card that comes back, by an undo or because somebody else was first, is the next thing to judge.
document.addEventListener("htmx:load", (event) => {
  const card = /** @type {HTMLElement} */ (event.target);
  show_selected();
  if (sent.delete(card.id) && !card.matches(".done")) go_to(card.querySelector("article"));
});

for (const button of document.querySelectorAll("[data-opens]")) button.removeAttribute("hidden");

// Where the names of the pages do not fit beside each other, show that of this page.
for (const here of document.querySelectorAll("nav [aria-current]")) {
  const nav = /** @type {Element} */ (here.closest("nav"));
  const [own, shown] = [here.getBoundingClientRect(), nav.getBoundingClientRect()];
  nav.scrollLeft += Math.max(own.right - shown.right, 0) + Math.min(own.left - shown.left, 0);
}

// In a thread, a link to a comment on the page need not load it again.
document.addEventListener("click", (event) => {
  const link = /** @type {HTMLElement} */ (event.target).closest("a.answered");
  const comment = link instanceof HTMLAnchorElement && document.getElementById(link.hash.slice(1));
  if (!comment || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go_to(comment);
});

if (document.activeElement === document.body && queue()) {
  const linked = document.querySelector(".card.linked > article");
  if (linked) go_to(as_element(linked));
  else if (queue()?.matches(".queue")) go_to(open_cards()[0]);
}
