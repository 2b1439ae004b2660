// Data stored on the reader's device, or in memory if the browser allows no storage.

/** @type {Record<string, string>} */
const inMemory = {};
const DAYS = 30;

/** @param {string} name @param {any} [fallback] @returns {any} */
export function load(name, fallback) {
  try {
    return JSON.parse(inMemory[name] ?? localStorage.getItem(`onereply:${name}`) ?? "null") ?? fallback;
  } catch {
    return fallback; // also if another script stored the value
  }
}

/** @param {string} name @param {any} value */
export function store(name, value) {
  const stored = JSON.stringify(value);
  try {
    localStorage.setItem(`onereply:${name}`, stored);
    delete inMemory[name];
  } catch {
    inMemory[name] = stored;
  }
}

/**
 * The text of a form and when the reader started it (`at`); `key` is its Idempotency-Key, the same in every window.
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
    const stored = Object.entries(load(this.names, {}));
    return Object.fromEntries(stored.filter(([, { at }]) => at > since));
  }

  /** @param {string} form @param {Draft} [draft] */
  set(form, draft) {
    const drafts = this.all();
    delete drafts[form];
    if (draft?.body) drafts[form] = draft;
    store(this.names, drafts);
  }
}
