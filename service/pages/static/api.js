// What goes to the service and what comes back. It is where this script is from.

import { keep, recall } from "./storage.js";
import { parse } from "./rendering.js";

export const SERVICE = new URL("..", import.meta.url).href;
const PATIENCE = 20_000; // milliseconds

/**
 * @typedef {{article: string, state: string, reply_count: number, label: string, heading: string,
 *   notice: string | null, close_reason: string | null, sequence: number}} Thread
 * @typedef {{id: string, parent_id: string | null, depth: number, state: string, html: string | null,
 *   revision: number}} Comment
 * @typedef {{type?: string, title?: string, detail?: string, pointer?: string}} Problem  RFC 9457
 * @typedef {import("./thread-element.js").CommentThread} CommentThread
 */

/** What the service refused, with its problem; or what did not reach it, with none and a status of 0. */
export class Refused extends Error {
  /** @param {number} status @param {Problem} problem */
  constructor(status, problem = {}) {
    super(problem.detail ?? problem.title ?? "");
    this.status = status;
    this.problem = problem;
  }
}

/** Speaks for the reader of one thread. */
export class Client {
  /** @type {string | null | undefined} */
  #signedIn;

  /** @param {CommentThread} element */
  constructor(element) {
    const site = element.getAttribute("site") ?? "";
    const article = element.getAttribute("article") ?? "";
    this.element = element;
    this.site = `${SERVICE}v1/sites/${encodeURIComponent(site)}`;
    this.thread = `/threads/${encodeURIComponent(article)}`;
    this.author = `${site}:author`;
  }

  /** The token by which the host signs the reader in, else that of the author they are here; or none. */
  async token() {
    const { element } = this;
    this.#signedIn ??= element.getToken ? await element.getToken() : element.getAttribute("token");
    return this.#signedIn || recall(this.author);
  }

  /** @param {string | null} token */
  remember(token) {
    if (token) keep(this.author, token);
  }

  /** @param {RequestInit} init @param {string | null} [token] @returns {RequestInit} */
  #with(init, token) {
    const headers = new Headers(init.headers);
    if (this.element.lang) headers.set("Accept-Language", this.element.lang);
    if (token) headers.set("Authorization", `Bearer ${token}`);
    return { credentials: "omit", ...init, headers };
  }

  /**
   * Call `path` below the site; raises Refused.
   * @param {string} path @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  async call(path, init = {}, again = true) {
    const token = await this.token();
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(this.site + path, this.#with({ signal, ...init }, token)).catch(() => {
      throw new Refused(0);
    });
    if (response.ok) return response;
    if (response.status === 401 && token && again && this.#giveUp(token, !init.method)) {
      return this.call(path, init, false);
    }
    throw new Refused(response.status, await response.json().catch(() => ({})));
  }

  /** Whether it may be tried again now that `token` is not taken: with a fresh one, or, to read, as anybody. */
  #giveUp(/** @type {string} */ token, /** @type {boolean} */ reads) {
    if (token !== this.#signedIn) keep(this.author, null);
    else if (this.element.getToken) this.#signedIn = undefined;
    else if (reads) this.#signedIn = "";
    else return false;
    return true;
  }

  /** @param {string} method @param {string} path @param {object} [body] @param {Record<string, string>} [headers] */
  async send(method, path, body, headers = {}) {
    const json = body ? { "Content-Type": "application/json", ...headers } : headers;
    const response = await this.call(path, { method, headers: json, body: body ? JSON.stringify(body) : null });
    return response.status === 204 ? null : response.json();
  }

  /**
   * A page of the thread, as the service renders it.
   * @param {Record<string, string>} asked
   */
  async fragment(asked) {
    const query = new URLSearchParams(asked);
    const response = await this.call(`${this.thread}/comments.html?${query}`, { cache: "no-cache" });
    const section = parse(await response.text()).querySelector("section");
    if (!section) throw new Refused(response.status);
    return section;
  }

  /** The stream of what happens; public, so nobody's. @param {number} sequence @param {string} last @param {AbortSignal} signal */
  stream(sequence, last, signal) {
    const headers = new Headers(last ? { "Last-Event-ID": last } : undefined);
    return fetch(`${this.site}${this.thread}/stream?sequence=${sequence}`, this.#with({ signal, headers }));
  }
}
