// What is kept on the reader's device; where nothing may be, it is kept as long as the page.

/** @type {Record<string, string>} */
const meanwhile = {};
const DAYS = 30;

/** @param {string} name @param {any} [otherwise] @returns {any} */
export function recall(name, otherwise) {
  try {
    return JSON.parse(meanwhile[name] ?? localStorage.getItem(`onereply:${name}`) ?? "null") ?? otherwise;
  } catch {
    return otherwise; // also where something else was kept under our name
  }
}

/** @param {string} name @param {any} value */
export function keep(name, value) {
  const kept = JSON.stringify(value);
  try {
    localStorage.setItem(`onereply:${name}`, kept);
    delete meanwhile[name];
  } catch {
    meanwhile[name] = kept;
  }
}

/**
 * What was typed, since when; `key` is the Idempotency-Key under which these very words are sent, from whichever window.
 * @typedef {{body: string, at: number, key?: string}} Draft
 */

/** The drafts of one thread, by form. */
export class Drafts {
  /** @param {string} names */
  constructor(names) {
    this.names = names;
  }

  /** @returns {Record<string, Draft>} */
  all() {
    const since = Date.now() - DAYS * 86_400_000;
    const kept = Object.entries(recall(this.names, {}));
    return Object.fromEntries(kept.filter(([, { at }]) => at > since));
  }

  /** @param {string} form @param {Draft} [draft] */
  set(form, draft) {
    const drafts = this.all();
    delete drafts[form];
    if (draft?.body) drafts[form] = draft;
    keep(this.names, drafts);
  }
}
