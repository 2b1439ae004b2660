// What is kept on the reader's device; where nothing may be, it is kept as long as the page.

/** @type {Map<string, string>} */
const meanwhile = new Map();
const DAYS = 30;

/** @param {string} name */
export function recall(name) {
  try {
    return localStorage.getItem(`onereply:${name}`);
  } catch {
    return meanwhile.get(name) ?? null;
  }
}

/** @param {string} name @param {string | null} value */
export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(`onereply:${name}`);
    else localStorage.setItem(`onereply:${name}`, value);
  } catch {
    if (value === null) meanwhile.delete(name);
    else meanwhile.set(name, value);
  }
}

/**
 * What was typed and not sent; `key` is the Idempotency-Key under which these very words were, if they were.
 * @typedef {{body: string, at: number, key?: string}} Draft
 */

/** The drafts of one thread, by form. */
export class Drafts {
  /** @param {string} site @param {string} article */
  constructor(site, article) {
    this.names = `${site}:${article}:drafts`;
  }

  /** @returns {Record<string, Draft>} */
  all() {
    /** @type {Record<string, Draft>} */
    const drafts = JSON.parse(recall(this.names) ?? "{}");
    const since = Date.now() - DAYS * 86_400_000;
    return Object.fromEntries(Object.entries(drafts).filter(([, draft]) => draft.at > since));
  }

  /** @param {string} form @param {Draft | null} draft */
  set(form, draft) {
    const { [form]: _, ...others } = this.all();
    const drafts = draft?.body ? { ...others, [form]: draft } : others;
    keep(this.names, Object.keys(drafts).length ? JSON.stringify(drafts) : null);
  }
}
