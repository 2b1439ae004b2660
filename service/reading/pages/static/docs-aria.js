// Correct the ARIA of Scalar's dialogs, the search and the request, where Scalar 1.76 gets it wrong.
// tests/browser/test_reference.py checks them with axe.

// Each selector matches only uncorrected elements, so the observer does not loop.
const CORRECTIONS = [
  // The search's list of results is expanded while it is open.
  ['[role="dialog"] input[role="combobox"]:not([aria-expanded])', (input) => input.setAttribute("aria-expanded", "true")],
  // The cells for keys and values are text fields without a list.
  [
    '[role="dialog"] [contenteditable][role="combobox"]:not([aria-expanded])',
    (field) => {
      field.setAttribute("role", "textbox");
      field.removeAttribute("aria-autocomplete");
    },
  ],
  // The button that opens a description is not decoration.
  ['[role="dialog"] button[role="none"]', (button) => button.removeAttribute("role")],
  // The controlled element does not exist.
  ['[role="dialog"] [aria-label="Copy code"][aria-controls]', (button) => button.removeAttribute("aria-controls")],
  [
    '[role="dialog"] .cm-content:not([aria-label])',
    (text) => text.setAttribute("aria-label", text.isContentEditable ? "Request body" : "Response body"),
  ],
  // Long text must be scrollable with the keyboard.
  ['[role="dialog"] .cm-scroller[tabindex="-1"]', (region) => (region.tabIndex = 0)],
  // The filter of the list of authentication methods needs a name.
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
