// Correct the ARIA of Scalar's dialogs, the search and the request, where Scalar 1.76 gets it wrong.
// tests/browser/test_reference.py has axe look at both.

// Each selector finds only what is not corrected yet, so the observer comes to rest.
const CORRECTIONS = [
  // The search shows its results while it is open.
  ['[role="dialog"] input[role="combobox"]:not([aria-expanded])', (input) => input.setAttribute("aria-expanded", "true")],
  // The cells for keys and values are text fields; no list belongs to them.
  [
    '[role="dialog"] [contenteditable][role="combobox"]:not([aria-expanded])',
    (field) => {
      field.setAttribute("role", "textbox");
      field.removeAttribute("aria-autocomplete");
    },
  ],
  // It opens a description: a button, not decoration.
  ['[role="dialog"] button[role="none"]', (button) => button.removeAttribute("role")],
  // It names an element that does not exist.
  ['[role="dialog"] [aria-label="Copy code"][aria-controls]', (button) => button.removeAttribute("aria-controls")],
  [
    '[role="dialog"] .cm-content:not([aria-label])',
    (text) => text.setAttribute("aria-label", text.isContentEditable ? "Request body" : "Response body"),
  ],
  // Long text is scrolled with the keys.
  ['[role="dialog"] .cm-scroller[tabindex="-1"]', (region) => (region.tabIndex = 0)],
  // The list of ways to authenticate can be filtered.
  ['input[role="combobox"]:not([aria-label])', (filter) => filter.setAttribute("aria-label", "Filter the list")],
];

// A request is sent from a modal dialog: the page behind it is inert.
const BEHIND = "#reference main.references-rendered, #reference > div > section";

const correct = () => {
  for (const [selector, correction] of CORRECTIONS) document.querySelectorAll(selector).forEach(correction);
  const isOpen = document.querySelector(".scalar-client--open") !== null;
  for (const part of document.querySelectorAll(BEHIND)) part.toggleAttribute("inert", isOpen);
};

new MutationObserver(correct).observe(document, { subtree: true, childList: true, attributeFilter: ["class"] });
