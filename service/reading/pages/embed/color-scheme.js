// Make the thread dark in a page that is dark, also if its style sheet sets no `color-scheme`.

// Relative luminance (WCAG 2.2). Below the first, our light text has more contrast to a background than our dark text.
const DARK_BACKGROUND = 0.18;
const LIGHT_TEXT = 0.3;

/**
 * Set the colour scheme of the `section` in `element`. A page that sets one scheme itself is left alone.
 * @param {HTMLElement & {root: ShadowRoot}} element @param {HTMLElement} section
 */
export function fitColorScheme({ root }, section) {
  const { color, colorScheme } = getComputedStyle(root.host);
  const probe = root.appendChild(document.createElement("i"));
  const luminance = luminanceBehind(root.host, probe);
  const isDark = luminance < 0 ? luminanceOf(color, probe) > LIGHT_TEXT : luminance < DARK_BACKGROUND;
  probe.remove();
  section.dataset.scheme = /^(light|dark)( only)?$/.test(colorScheme) ? "page" : isDark ? "dark" : "light";
}

/** Call `fit` whenever the page's colours may have changed. @param {Element} element @param {() => void} fit @param {AbortSignal} signal */
export function watchColors(element, fit, signal) {
  const observer = new MutationObserver(fit);
  for (const each of [document.documentElement, document.body]) observer.observe(each, { attributes: true });
  signal.addEventListener("abort", () => observer.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fit, { signal });
  addEventListener("load", fit, { signal }); // style sheets that loaded late
  const fitAfter = (/** @type {Event} */ { target }) => /** @type {Node} */ (target).contains(element) && fit();
  document.addEventListener("transitionend", fitAfter, { signal });
}

/** The luminance of the first opaque background behind an element; -1 if there is none. @param {Element} element @param {HTMLElement} probe */
function luminanceBehind(element, probe) {
  /** @type {Element | null | undefined} */
  let at = element;
  for (; at; at = at.assignedSlot ?? at.parentElement ?? /** @type {any} */ (at.getRootNode()).host) {
    const luminance = luminanceOf(getComputedStyle(at).backgroundColor, probe);
    if (luminance >= 0) return luminance;
  }
  return -1;
}

/** The luminance of a colour in any notation; -1 if it is more transparent than opaque. @param {string} color @param {HTMLElement} probe */
function luminanceOf(color, probe) {
  probe.style.color = `color-mix(in srgb,${color},${color})`; // is computed as “color(srgb 0.1 0.2 0.3 / 0.5)”
  const [red, green, blue, alpha = 1] = (getComputedStyle(probe).color.match(/[\d.e-]+(?=[ )])/g) ?? []).map(Number);
  const linear = (/** @type {number} */ value) => (value > 0.04 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92);
  return alpha < 0.5 ? -1 : 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
