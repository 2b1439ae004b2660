// Defines <comment-thread> and <comment-count>. Pages load it as one script, bundled with its imports.

import { CommentCount, countLinks } from "./counts.js";
import { CommentThread } from "./thread-element.js";

if (!customElements.get("comment-thread")) {
  customElements.define("comment-thread", CommentThread);
  customElements.define("comment-count", CommentCount);
  countLinks();
}
