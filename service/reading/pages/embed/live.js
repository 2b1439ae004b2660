// The stream of what happens to a thread, read by fetch so that it is in the reader's language (EventSource sends no
// header of ours); its format is that of the HTML Standard, section 9.2.
//
// Windows share no stream: only threads in sight of a visible page have one. Seven empty threads in a window of
// 1100 × 900 hold three, so six connections over HTTP/1.1 leave room for posts; HTTP/2 has a hundred or more.

/** @typedef {Record<"event" | "id" | "data" | "retry", string>} Message */

// Milliseconds.
const SILENCE = 45_000; // it says something every 15 s
const LONGEST_PAUSE = 120_000;
const NOT_THERE = 600_000;

/**
 * Tell `heard` of each message, and connect again whenever the line is lost, until `signal`.
 * @param {(signal: AbortSignal) => Promise<Response>} connect
 * @param {(message: Message) => Promise<void>} heard
 * @param {AbortSignal} signal
 */
export async function follow(connect, heard, signal) {
  let [retry, failures] = [2000, 0];
  while (!signal.aborted) {
    const line = new AbortController();
    const cut = () => line.abort();
    signal.onabort = cut;
    let pause = 0;
    try {
      const { ok, status, headers, body } = await connect(line.signal);
      // It may name a date instead of seconds (RFC 9110, section 10.2.3): then the pause is our own.
      if (!ok) pause = status < 500 && status !== 429 ? NOT_THERE : 1000 * Number(headers.get("Retry-After")) || 0;
      else {
        for await (const message of messages(/** @type {ReadableStream} */ (body), cut)) {
          failures = 0;
          retry = Number(message.retry) || retry;
          await heard(message).catch(reportError);
        }
      }
    } catch {
      // What broke is tried again.
    }
    cut();
    pause = Math.min(Math.max(pause, Math.min(retry * 2 ** failures++, LONGEST_PAUSE)), NOT_THERE);
    await new Promise((resolve) => {
      signal.onabort = resolve;
      setTimeout(resolve, pause * (0.75 + Math.random() / 2)); // so that not all come back at once
    });
  }
}

/** @param {ReadableStream} body @param {() => void} cut called where nothing is heard for long */
async function* messages(body, cut) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const silence = setTimeout(cut, SILENCE);
    const { value, done } = await reader.read();
    clearTimeout(silence);
    if (done) return;
    const blocks = (rest + value).split(/(?:\r?\n){2}/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = [...block.matchAll(/^(\w+):\s?(.*?)\r?$/gm)].map(([, name, said]) => [name, said]);
      yield /** @type {Message} */ (Object.fromEntries(fields)); // no message of ours has two lines of data
    }
  }
}
