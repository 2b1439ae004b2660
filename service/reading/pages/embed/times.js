// Times in the reader's time zone: “3 hours ago”, after a week the date; the exact time is the title.

// In minutes.
const HOUR = 60;
const DAY = 24 * HOUR;

/** The formats of a date, an exact time, and how long ago; the text of “now” has its own. @param {string} [locale] */
function makeFormats(locale) {
  return /** @type {const} */ ([
    new Intl.DateTimeFormat(locale, { dateStyle: "long" }),
    new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" }),
    new Intl.RelativeTimeFormat(locale),
    new Intl.RelativeTimeFormat(locale, { numeric: "auto" }),
  ]);
}

// The first formats are slow to make, so they are made while the page waits for the service.
window.requestIdleCallback?.(() => makeFormats());

/** Show a section's times as they are now; remove links to edit when the edit window closes. @param {HTMLElement} section */
export function showTimes(section) {
  const { locale, editSeconds } = section.dataset;
  const [date, exact, ago, now] = makeFormats(locale);
  for (const time of section.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const passed = Date.now() - Number(at);
    const minutes = Math.floor(passed / 60_000);
    const back = (/** @type {number} */ length, /** @type {"minute" | "hour" | "day"} */ unit) =>
      minutes < 1 ? now.format(0, "second") : ago.format(-Math.floor(minutes / length), unit);
    const text =
      minutes < HOUR ? back(1, "minute") : minutes < DAY ? back(HOUR, "hour") : minutes < 7 * DAY ? back(DAY, "day") : date.format(at);
    if (time.textContent !== text) time.textContent = text;
    if (time.dataset.shown) continue;
    time.dataset.shown = time.title = exact.format(at);
    const link = time.closest("article")?.querySelector("[data-action=edit]");
    // The service allowed the edit, so a wrong clock here must not remove the link at once.
    if (link) setTimeout(() => link.remove(), Math.max(Number(editSeconds) * 1000 - passed, 10_000));
  }
}
