// Where there is nothing to show: a sentence, as the service gave it when it last could, and a button to try again; where
// there is no such thread, what the host's page has between the tags.

import { make, styled } from "./rendering.js";
import { recall } from "./storage.js";

const ENGLISH = {
  lang: "en",
  dir: "ltr",
  words: { not_loaded: "The replies can’t be shown just now.", again: "Try again" },
};

/** @param {import("./shown-thread.js").ShownThread} thread @param {number} [status] */
export async function showFailure(thread, status) {
  const { site, article, speech, root } = thread;
  thread.begun = false;
  thread.sequence = 0;
  const section = make("section", "");
  if (status === 404) {
    console.warn(`One Reply has no thread for article “${article}” of site “${site}”: register it, see its README.`);
  } else {
    const { lang, dir, words } = recall(speech, ENGLISH);
    thread.section = section;
    Object.assign(section, { className: "thread", lang, dir });
    section.append(make("p", "notice", words.not_loaded), make("button", "again", words.again));
    thread.dress();
  }
  thread.put(section, await styled);
  root.prepend(make("slot", ""));
}
