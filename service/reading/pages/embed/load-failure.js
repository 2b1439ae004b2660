// What is shown instead of a thread that could not be loaded: a message and a button to try again. If the thread does
// not exist, the content between the tags.

import { make, styled } from "./render.js";
import { load } from "./storage.js";

const ENGLISH = {
  lang: "en",
  dir: "ltr",
  words: { not_loaded: "The replies can’t be shown just now.", again: "Try again" },
};

/** @param {import("./shown-thread.js").ShownThread} thread @param {number} [status] */
export async function showFailure(thread, status) {
  const { site, article, wordsKey, root } = thread;
  thread.started = false;
  thread.sequence = 0;
  const section = make("section", "");
  if (status === 404) {
    const guide = new URL("/docs/guides/integrate#register-articles", import.meta.url);
    console.warn(`One Reply: site “${site}” has no thread for article “${article}”. Register the article: ${guide}`);
  } else {
    const { lang, dir, words } = load(wordsKey, ENGLISH);
    thread.section = section;
    Object.assign(section, { className: "thread", lang, dir });
    section.append(make("p", "notice", words.not_loaded), make("button", "again", words.again));
    thread.decorate();
  }
  thread.put(section, await styled);
  root.prepend(make("slot", ""));
}
