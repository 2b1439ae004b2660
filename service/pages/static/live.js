// The stream of what happens to a thread, read by fetch so that it is in the reader's language (EventSource sends no
// header of ours); its format is that of the HTML Standard, section 9.2.

/** @typedef {{event: string, id: string, data: string, retry: string}} Message */

const SILENCE = 45_000; // milliseconds; it says something every 15 s
const LONGEST = 120_000;
const NOT_THERE = 600_000;

/**
 * Tell `heard` of each message, and of a new connection whenever one was lost, until `signal`.
 * @param {(last: string, signal: AbortSignal) => Promise<Response>} connect
 * @param {(message: Message) => Promise<void>} heard
 * @param {AbortSignal} signal
 */
export async function follow(connect, heard, signal) {
  let last = "";
  let retry = 2000;
  let failures = 0;
  while (!signal.aborted) {
    let wait = 0;
    const line = new AbortController();
    const cut = () => line.abort();
    signal.addEventListener("abort", cut, { once: true });
    try {
      const response = await connect(last, line.signal);
      if (!response.ok || !response.body) {
        await response.body?.cancel();
        wait = response.status === 404 || response.status === 405 ? NOT_THERE : 1000 * Number(response.headers.get("Retry-After"));
      } else {
        for await (const message of messages(response.body, cut)) {
          failures = 0;
          if (Number(message.retry)) retry = Number(message.retry);
          if (message.id) last = message.id;
          if (message.data) await heard(message);
        }
      }
    } catch {
      // What broke is tried again below.
    }
    cut();
    signal.removeEventListener("abort", cut);
    const backoff = Math.min(retry * 2 ** failures++, LONGEST);
    await rest(Math.max(wait, backoff) * (0.75 + Math.random() / 2), signal); // so that not all come back at once
  }
}

/** @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} */
function rest(milliseconds, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** @param {ReadableStream<Uint8Array>} body @param {() => void} cut called where nothing was heard for long */
async function* messages(body, cut) {
  const reader = body.pipeThrough(/** @type {ReadableWritablePair<string, Uint8Array>} */ (new TextDecoderStream())).getReader();
  let rest = "";
  for (;;) {
    const silence = setTimeout(cut, SILENCE);
    const { value, done } = await reader.read();
    clearTimeout(silence);
    if (done) return;
    const blocks = (rest + value).split(/(?:\r?\n){2}/);
    rest = blocks.pop() ?? "";
    yield* blocks.map(message);
  }
}

/** @param {string} block @returns {Message} */
function message(block) {
  const fields = { event: "", id: "", data: "", retry: "" };
  for (const line of block.split(/\r?\n/)) {
    const [, name = "", value = ""] = /^(event|id|data|retry): ?(.*)$/.exec(line) ?? [];
    if (name === "data" && fields.data) fields.data += `\n${value}`;
    else if (name) fields[/** @type {keyof Message} */ (name)] = value;
  }
  return fields;
}
