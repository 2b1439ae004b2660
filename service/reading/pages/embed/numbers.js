// Numbers in the reader's language.

/** @typedef {import("./shown-thread.js").ShownThread} ShownThread */

/** A message with a number. @param {ShownThread} thread @param {string} name @param {number} count @returns {string} */
export function plural({ messages, section }, name, count) {
  const forms = messages[name];
  const form = forms[`=${count}`] ?? forms[new Intl.PluralRules(section.lang).select(count)] ?? forms.other;
  return form.replace("{n}", format(section, count));
}

/** @param {HTMLElement} section @param {number} count */
export function format({ lang }, count) {
  return new Intl.NumberFormat(lang).format(count);
}
