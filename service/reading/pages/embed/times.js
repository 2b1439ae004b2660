// Times in the reader's time zone: “3 hours ago”, after a week the date; the exact time is the title.

/** @type {Record<string, ReturnType<typeof makeFormats>>} */
const formats = {};
// In minutes.
const HOUR = 60;
const DAY = 24 * HOUR;

/** @param {string} locale */
function makeFormats(locale) {
  const dates = (/** @type {Intl.DateTimeFormatOptions} */ options) => new Intl.DateTimeFormat(locale, options);
  return {
    date: dates({ dateStyle: "long" }),
    exact: dates({ dateStyle: "full", timeStyle: "short" }),
    ago: new Intl.RelativeTimeFormat(locale),
    now: new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second"),
  };
}

/** @param {string} locale a region's, from the service */
const formatsOf = (locale) => (formats[locale] ??= makeFormats(locale));

// The first formats are slow to create, so they are created while the page waits for the service.
window.requestIdleCallback?.(() => formatsOf(navigator.language));

/** Show a section's times as they are now; remove links to edit when the edit window closes. @param {HTMLElement} section */
export function showTimes(section) {
  const { locale = "", editSeconds } = section.dataset;
  for (const time of section.querySelectorAll("time")) {
    const { date, exact, ago, now } = formatsOf(locale);
    const at = new Date(time.dateTime);
    const passed = Date.now() - Number(at);
    const minutes = Math.floor(passed / 60_000);
    const back = (/** @type {number} */ length, /** @type {"minute" | "hour" | "day"} */ unit) =>
      minutes < 1 ? now : ago.format(-Math.floor(minutes / length), unit);
    const text =
      minutes < HOUR ? back(1, "minute") : minutes < DAY ? back(HOUR, "hour") : minutes < 7 * DAY ? back(DAY, "day") : date.format(at);
    if (time.textContent !== text) time.textContent = text;
    time.title = exact.format(at);
    if (time.dataset.shown) continue;
    time.dataset.shown = text;
    const link = time.closest("article")?.querySelector("[data-action=edit]");
    // The service allowed the edit, so a wrong clock here must not remove the link at once.
    if (link) setTimeout(() => link.remove(), Math.max(Number(editSeconds) * 1000 - passed, 10_000));
  }
}
