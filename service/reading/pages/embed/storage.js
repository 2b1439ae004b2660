// Data stored on the reader's device, or in memory if the browser allows no storage. Other scripts of the page can
// store anything under our names, so that values are checked when they are loaded.

/** @type {Record<string, string>} */
const inMemory = {};
const DAYS = 30;

/** Load a value that `isValid`, else `fallback`. @param {string} name @param {any} fallback @param {(value: any) => any} isValid @returns {any} */
export function load(name, fallback, isValid) {
  try {
    const value = JSON.parse(inMemory[name] ?? localStorage.getItem(`onereply:${name}`) ?? "null");
    return isValid(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

/** Whether `value` may be sent in a header. @param {any} value */
export function isToken(value) {
  return typeof value === "string" && /^[!-~]+$/.test(value);
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
    const stored = Object.entries(load(this.names, {}, (value) => Object.values(value).every(Boolean)));
    return Object.fromEntries(
      stored.filter(([, { body, at, key }]) => typeof body === "string" && at > since && (!key || isToken(key))),
    );
  }

  /** @param {string} form @param {Draft} [draft] */
  set(form, draft) {
    const drafts = this.all();
    delete drafts[form];
    if (draft?.body) drafts[form] = draft;
    store(this.names, drafts);
  }
}
