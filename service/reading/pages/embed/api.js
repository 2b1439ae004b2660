// What goes to the service and what comes back. It is where this script is from.

import { parse } from "./rendering.js";
import { keep, recall } from "./storage.js";

const SERVICE = new URL("/v1/sites/", import.meta.url).href;
const PATIENCE = 20_000; // milliseconds

/**
 * @typedef {{article: string, state: string, reply_count: number, label: string, heading: string,
 *   notice: string | null, close_reason: string | null, sequence: number}} Thread
 * @typedef {{id: string, parent_id: string | null, depth: number, state: string, html: string,
 *   revision: number}} Comment
 * @typedef {{type?: string, title?: string, detail?: string, pointer?: string}} Problem  RFC 9457
 */

/** What the service refused, with its problem; or what did not reach it, with none and a status of 0. */
export class Refused extends Error {
  /** @param {number} status @param {Problem} problem */
  constructor(status, problem = {}) {
    super(problem.detail ?? problem.title);
    this.status = status;
    this.problem = problem;
  }
}

/** @param {string} site */
export function urlOf(site) {
  return SERVICE + encodeURIComponent(site);
}

/** The site that an element names, or the script, or a thread around it or on its page. @param {Element} element */
export function siteOf(element) {
  const [script, thread] = ["script[data-site]", "[site]"].map((each) => document.querySelector(each));
  const names = element.closest("[site]") ?? script ?? thread;
  return names?.getAttribute("site") ?? names?.getAttribute("data-site") ?? "";
}

/**
 * Ask the service, in the language that `element` names, else in the reader's own.
 * @param {HTMLElement} element @param {string} url @param {RequestInit & {headers?: Record<string, string>}} init
 */
export function ask(element, url, init) {
  const { lang } = element;
  const headers = { ...(lang && { "Accept-Language": lang }), ...init.headers };
  return fetch(url, { ...init, credentials: "omit", headers });
}

/** Speaks for the reader of one thread. */
export class Client {
  /** @type {string | undefined} */
  #signedIn;

  /** @param {import("./shown-thread.js").ShownThread} element @param {() => Promise<string | null>} [getToken] */
  constructor(element, getToken) {
    this.element = element;
    this.getToken = getToken;
    this.site = urlOf(element.site);
    this.thread = `/threads/${encodeURIComponent(element.article)}`;
    this.author = `${element.site}:author`;
  }

  /** The token by which the host signs the reader in, else that of the author they are here; or none. */
  async token() {
    this.#signedIn ??=
      (this.getToken
        ? await Promise.resolve().then(this.getToken).catch(reportError)
        : this.element.getAttribute("token")) || "";
    return this.#signedIn || recall(this.author);
  }

  /** What a guest is called here; from now on, where it is told. @param {string} [token] @param {object | null} [told] @returns {object} */
  who(token, told) {
    const name = `${this.author}-says`;
    if (token) keep(this.author, token);
    if (told) keep(name, told);
    return recall(name, {});
  }

  /**
   * What `path` below the site answers, as `read` has it, called `again` with another token where one is not taken.
   *
   * Raises Refused, also where what answers is not the service. Nobody waits any more for what is read of a thread that
   * is no longer shown: that is not answered.
   * @param {string} path @param {string} [method] @param {object} [body] @param {Record<string, string>} [headers]
   * @param {(text: string) => any} [read]
   * @returns {Promise<any>}
   */
  async call(path, method = "GET", body, headers, read = JSON.parse, again = true) {
    const token = await this.token();
    const [{ ok, status }, told] = await ask(this.element, this.site + path, {
      method,
      body: body && JSON.stringify(body),
      cache: "no-cache",
      signal: AbortSignal.timeout(PATIENCE),
      headers: {
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(body && { "Content-Type": "application/json" }),
        ...headers,
      },
    })
      .then(async (answer) => {
        const text = await answer.text();
        const problem = async () => JSON.parse(text);
        const said = answer.ok ? answer.status === 204 || read(text) : await problem().catch(() => {});
        return /** @type {[Response, any]} */ ([answer, said]);
      })
      .catch(() => /** @type {[Response, any]} */ ([Response.error(), undefined]));
    if (method === "GET" && this.element.client !== this) return new Promise(() => {});
    if (ok && told) return told;
    if (status === 401 && again && this.#giveUp(token, method)) {
      return this.call(path, method, body, headers, read, false);
    }
    throw new Refused(ok ? 0 : status, told ?? {});
  }

  /** Whether it may do with another token, or, to read, with none. @param {string} token @param {string} method */
  #giveUp(token, method) {
    if (token !== this.#signedIn) keep(this.author, "");
    else if (this.getToken) this.#signedIn = undefined;
    else {
      this.element.tell("refused");
      if (method !== "GET") return false;
      this.#signedIn = "";
    }
    return true;
  }

  /** A page of the thread, as the service renders it. @param {Record<string, string>} asked */
  async fragment(asked) {
    const path = `${this.thread}/comments.html?${new URLSearchParams(asked)}`;
    const read = (/** @type {string} */ html) => parse(html).querySelector("section.thread");
    return /** @type {HTMLElement} */ (await this.call(path, "GET", undefined, undefined, read));
  }

  /**
   * The stream of what happened since; public, so nobody's.
   * @param {number} sequence @param {string} last @param {AbortSignal} signal
   */
  stream(sequence, last, signal) {
    const headers = last ? { "Last-Event-ID": last } : undefined;
    return ask(this.element, `${this.site}${this.thread}/stream?sequence=${sequence}`, { signal, headers });
  }
}
