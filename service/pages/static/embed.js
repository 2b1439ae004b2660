// What a host's page loads: <comment-thread> and <comment-count>. All modules are named here, so that a browser fetches
// them at once rather than one after the other.

import "./static/storage.js";
import "./static/api.js";
import "./static/rendering.js";
import "./static/tree.js";
import "./static/standing.js";
import "./static/forms.js";
import "./static/writing.js";
import "./static/live.js";
import "./static/news.js";
import { CommentCount, countLinks } from "./static/counts.js";
import { CommentThread } from "./static/thread-element.js";

if (!customElements.get("comment-thread")) {
  customElements.define("comment-thread", CommentThread);
  customElements.define("comment-count", CommentCount);
  countLinks();
}
