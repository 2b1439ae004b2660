// What a host's page loads: <comment-thread> and <comment-count>. It is sent as one script, with all that it imports.

import { CommentCount, countLinks } from "./counts.js";
import { CommentThread } from "./thread-element.js";

if (!customElements.get("comment-thread")) {
  customElements.define("comment-thread", CommentThread);
  customElements.define("comment-count", CommentCount);
  countLinks();
}
