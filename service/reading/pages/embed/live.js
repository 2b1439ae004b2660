// A thread's live events (HTML Standard, section 9.2), read by fetch: EventSource cannot send the reader's language.
//
// Only threads near the viewport of a visible page have a stream. Seven empty threads in a window of 1100 × 900 hold
// three, so the six connections of HTTP/1.1 leave room for posts; HTTP/2 has a hundred or more.

/** @typedef {Record<"event" | "id" | "data" | "retry", string>} Message */

// Milliseconds.
const SILENCE_TIMEOUT = 45_000; // the service sends something every 15 s
const MAX_PAUSE = 120_000;
const REJECTED_PAUSE = 600_000;

/**
 * Call `onMessage` for each message, and reconnect whenever the connection is lost, until `signal`.
 * @param {(signal: AbortSignal) => Promise<Response>} connect
 * @param {(message: Message) => Promise<void>} onMessage
 * @param {AbortSignal} signal
 */
export async function follow(connect, onMessage, signal) {
  let [retry, failures] = [2000, 0];
  while (!signal.aborted) {
    const connection = new AbortController();
    const disconnect = () => connection.abort();
    signal.onabort = disconnect;
    let pause = 0;
    try {
      const { ok, status, headers, body } = await connect(connection.signal);
      // Retry-After may be a date (RFC 9110, section 10.2.3); then the pause is our own.
      if (!ok) pause = status < 500 && status !== 429 ? REJECTED_PAUSE : 1000 * Number(headers.get("Retry-After")) || 0;
      else {
        for await (const message of messages(/** @type {ReadableStream} */ (body), disconnect)) {
          failures = 0;
          retry = Number(message.retry) || retry;
          await onMessage(message).catch(reportError);
        }
      }
    } catch {
      // Reconnect after any error.
    }
    disconnect();
    pause = Math.min(Math.max(pause, Math.min(retry * 2 ** failures++, MAX_PAUSE)), REJECTED_PAUSE);
    await new Promise((resolve) => {
      signal.onabort = resolve;
      setTimeout(resolve, pause * (0.75 + Math.random() / 2)); // jitter: clients must not reconnect all at once
    });
  }
}

/** @param {ReadableStream} body @param {() => void} disconnect called when nothing arrives for long */
async function* messages(body, disconnect) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const timer = setTimeout(disconnect, SILENCE_TIMEOUT);
    const { value, done } = await reader.read();
    clearTimeout(timer);
    if (done) return;
    const blocks = (rest + value).split(/(?:\r?\n){2}/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = [...block.matchAll(/^(\w+):\s?(.*?)\r?$/gm)].map(([, name, text]) => [name, text]);
      yield /** @type {Message} */ (Object.fromEntries(fields)); // our messages have one line of data
    }
  }
}
