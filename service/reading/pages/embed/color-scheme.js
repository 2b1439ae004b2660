// Take the thread's colours from the page: dark in a page that is dark, also if its style sheet sets no `color-scheme`.

// Relative luminance (WCAG 2.2). Below the first, our light text has more contrast to a background than our dark text.
const DARK_BACKGROUND = 0.18;
const LIGHT_TEXT = 0.3;
// From 11:1 on, all colours that the style sheet mixes from the page's text have 4.5:1.
const STRONG_CONTRAST = Math.log2(11);

/**
 * Set the colour scheme of the `section` in `element`, and the page's own ink and paper if they contrast well. A page
 * that sets one scheme itself is left alone.
 * @param {HTMLElement & {root: ShadowRoot}} element @param {HTMLElement} section
 */
export function fitColorScheme({ root }, section) {
  const { color, colorScheme } = getComputedStyle(root.host);
  const probe = root.appendChild(document.createElement("i"));
  const [paper, luminance] = paperBehind(root.host, probe);
  const ink = luminanceOf(color, probe);
  const isDark = luminance < 0 ? ink > LIGHT_TEXT : luminance < DARK_BACKGROUND;
  const contrast = Math.log2((ink + 0.05) / (luminance + 0.05)); // not a number if one is not known
  probe.remove();
  const isPages = /^(light|dark)( only)?$/.test(colorScheme);
  section.dataset.scheme = isPages ? "page" : isDark ? "dark" : "light";
  section.style.cssText = !isPages && Math.abs(contrast) > STRONG_CONTRAST ? `--ink:${color};--paper:${paper}` : "";
}

/** Call `fit` whenever the page's colours may have changed. @param {Element} element @param {() => void} fit @param {AbortSignal} signal */
export function watchColors(element, fit, signal) {
  const observer = new MutationObserver(fit);
  for (let at = above(element); at; at = above(at)) observer.observe(at, { attributes: true });
  signal.addEventListener("abort", () => observer.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fit, { signal });
  addEventListener("load", fit, { signal }); // style sheets that loaded late
  const fitAfter = (/** @type {Event} */ { target }) => /** @type {Node} */ (target).contains(element) && fit();
  document.addEventListener("transitionend", fitAfter, { signal });
}

/** The first opaque background behind an element, and its luminance; -1 if there is none. @param {Element | null} at @param {HTMLElement} probe @returns {[string, number]} */
function paperBehind(at, probe) {
  for (; at; at = above(at)) {
    const { backgroundColor } = getComputedStyle(at);
    const luminance = luminanceOf(backgroundColor, probe);
    if (luminance >= 0) return [backgroundColor, luminance];
  }
  return ["", -1];
}

/** The element that an element is shown in. @param {Element} element @returns {Element | null} */
function above(element) {
  return element.assignedSlot ?? element.parentElement ?? /** @type {any} */ (element.getRootNode()).host;
}

/** The luminance of a colour in any notation; -1 if it is more transparent than opaque. @param {string} color @param {HTMLElement} probe */
function luminanceOf(color, probe) {
  probe.style.color = `color-mix(in srgb,${color},${color})`; // is computed as “color(srgb 0.1 0.2 0.3 / 0.5)”
  const [red, green, blue, alpha = 1] = (getComputedStyle(probe).color.match(/[\d.e-]+(?=[ )])/g) ?? []).map(Number);
  const linear = (/** @type {number} */ value) => (value > 0.04 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92);
  return alpha < 0.5 ? -1 : 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
