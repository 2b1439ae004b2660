// Where there is nothing to show: a sentence, as the service gave it when it last could, and a button to try again.

import { make, styled } from "./rendering.js";
import { recall } from "./storage.js";

/** @param {import("./shown-thread.js").ShownThread} thread */
export async function showFailure(thread) {
  const { lang, dir, words } = recall("words", { lang: "en", words: {} });
  const section = make("section", "thread");
  thread.begun = false;
  thread.sequence = 0;
  thread.section = section;
  Object.assign(section, { lang, dir });
  section.append(
    make("p", "notice", words.not_loaded ?? "The replies can’t be shown just now."),
    make("button", "again", words.again ?? "Try again"),
  );
  thread.dress();
  thread.root.replaceChildren(make("slot", ""), section);
  thread.root.adoptedStyleSheets = [await styled];
}
