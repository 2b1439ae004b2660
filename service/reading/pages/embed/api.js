// Requests to the service, at the URL that this script came from.

import { parse } from "./render.js";
import { isToken, load, store } from "./storage.js";

const SERVICE = new URL("v1/sites/", import.meta.url).href;
const TIMEOUT = 20_000; // milliseconds

/**
 * @typedef {{article: string, state: string, reply_count: number, label: string, heading: string,
 *   notice: string | null, closes_at: string | null, close_reason: string | null, sequence: number}} Thread
 * @typedef {{id: string, parent_id: string | null, depth: number, state: string, html: string,
 *   revision: number}} Comment
 * @typedef {{type?: string, title?: string, detail?: string, pointer?: string}} Problem  RFC 9457
 */

/** A failed request, with the problem of the response. The status is 0 if there was no response. */
export class ServiceError extends Error {
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

/** The site of an element: its own or its parent's, else the script's, else that of a thread on the page. @param {Element} element */
export function siteOf(element) {
  const [script, thread] = ["script[data-site]", "[site]"].map((each) => document.querySelector(each));
  const names = element.closest("[site]") ?? script ?? thread;
  return names?.getAttribute("site") ?? names?.getAttribute("data-site") ?? "";
}

/**
 * Send a request in the language of `element`, else in the reader's own.
 * @param {HTMLElement} element @param {string} url @param {RequestInit & {headers?: Record<string, string>}} init
 */
export function request(element, url, init) {
  const { lang } = element;
  const headers = { ...(lang && { "Accept-Language": lang }), ...init.headers };
  return fetch(url, { ...init, credentials: "omit", headers });
}

/** Sends the requests for one thread, with the reader's token. */
export class Client {
  /** @type {string | undefined} the host token */
  #hostToken;

  /** @param {import("./shown-thread.js").ShownThread} element @param {() => Promise<string | null>} [getToken] */
  constructor(element, getToken) {
    this.element = element;
    this.getToken = getToken;
    this.site = urlOf(element.site);
    this.thread = `/threads/${encodeURIComponent(element.article)}`;
    this.author = `${element.site}:author`;
  }

  /** The host token, else the reader's author token, else nothing. */
  async token() {
    this.#hostToken ??=
      (this.getToken
        ? await Promise.resolve().then(this.getToken).catch(reportError)
        : this.element.getAttribute("token")) || "";
    return this.#hostToken || load(this.author, "", isToken);
  }

  /**
   * Store a guest's author token and details, where given; return the stored details.
   * @param {string} [token] @param {object | null} [details] @returns {object}
   */
  profile(token, details) {
    const name = `${this.author}-profile`;
    if (token) store(this.author, token);
    if (details) store(name, details);
    const isText = (/** @type {any} */ text) => !text || typeof text === "string";
    return load(name, {}, (value) => Object.values(value).every(isText));
  }

  /**
   * Send a request to `path` below the site and return its response as `read` parses it. If `again`, repeat it once when
   * the token is rejected.
   *
   * Throws ServiceError, also when another server responds. A read for a thread that is no longer shown never settles.
   * @param {string} path @param {string} [method] @param {object} [body] @param {Record<string, string>} [headers]
   * @param {(text: string) => any} [read]
   * @returns {Promise<any>}
   */
  async call(path, method = "GET", body, headers, read = JSON.parse, again = true) {
    const token = await this.token();
    let [ok, status, result] = [false, 0, /** @type {any} */ (undefined)];
    try {
      const response = await request(this.element, this.site + path, {
        method,
        body: body && JSON.stringify(body),
        cache: "no-cache",
        signal: AbortSignal.timeout(TIMEOUT),
        headers: {
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(body && { "Content-Type": "application/json" }),
          ...headers,
        },
      });
      ({ ok, status } = response);
      const text = await response.text();
      result = ok ? status === 204 || read(text) : JSON.parse(text);
    } catch {
      // Without a result, the request failed.
    }
    if (method === "GET" && this.element.client !== this) return new Promise(() => {});
    if (ok && result) return result;
    if (status === 401 && again && this.#discardToken(token, method)) {
      return this.call(path, method, body, headers, read, false);
    }
    throw new ServiceError(ok ? 0 : status, result ?? {});
  }

  /** Discard a rejected token; returns whether to repeat the request, with another token or, for a read, with none. @param {string} token @param {string} method */
  #discardToken(token, method) {
    if (token !== this.#hostToken) store(this.author, "");
    else if (this.getToken) this.#hostToken = undefined;
    else {
      this.element.emit("token-rejected");
      if (method !== "GET") return false;
      this.#hostToken = "";
    }
    return true;
  }

  /** Get a page of the thread as rendered HTML. @param {Record<string, string>} query */
  async fragment(query) {
    const path = `${this.thread}/comments.html?${new URLSearchParams(query)}`;
    const read = (/** @type {string} */ html) => parse(html).querySelector("section.thread");
    return /** @type {HTMLElement} */ (await this.call(path, "GET", undefined, undefined, read));
  }

  /**
   * Open the stream of changes after `sequence`. It is public, so it needs no token.
   * @param {number} sequence @param {string} last @param {AbortSignal} signal
   */
  stream(sequence, last, signal) {
    const headers = last ? { "Last-Event-ID": last } : undefined;
    return request(this.element, `${this.site}${this.thread}/stream?sequence=${sequence}`, { signal, headers });
  }
}
