// Shown instead of a thread that could not be loaded: a message and a button to try again. If the thread does not
// exist, the content between the tags is shown.

import { make, styled } from "./render.js";
import { load } from "./storage.js";

const ENGLISH = {
  lang: "en",
  dir: "ltr",
  messages: { not_loaded: "The replies can’t be shown just now.", again: "Try again" },
};

/** @param {import("./shown-thread.js").ShownThread} thread @param {number} [status] */
export async function showFailure(thread, status) {
  const { site, article, messagesKey, root } = thread;
  thread.started = false;
  thread.sequence = 0;
  const section = make("section", "");
  if (status === 404) {
    const guide = new URL("docs/guides/integrate#register-articles", import.meta.url);
    console.warn(`One Reply: site “${site}” has no thread for article “${article}”. Register the article: ${guide}`);
  } else {
    const { lang, dir, messages } = load(messagesKey, ENGLISH, ({ messages: { not_loaded } }) => not_loaded);
    thread.section = section;
    Object.assign(section, { className: "thread", lang, dir });
    section.append(make("p", "notice", messages.not_loaded), make("button", "again", messages.again));
    thread.decorate();
  }
  thread.replaceContent(section, await styled);
  root.prepend(make("slot", ""));
  if (status === 404) thread.releaseHeight();
}
