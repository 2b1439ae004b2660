// A host's program on the types that openapi-typescript makes of the contract: it registers an article, posts, reads,
// closes the thread, and gets its text back when it posts once more.
//
// Run as: node a_typescript_client.js URL SITE KEY
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./onereply.js";

type Problem = components["schemas"]["Problem"];

const [baseUrl = "", site = "", key = ""] = process.argv.slice(2);
const host = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
const reader = createClient<paths>({ baseUrl });
const path = { site, article: "typescript/conférence?1" };

const registered = await host.PUT("/v1/sites/{site}/threads/{article}", {
  params: { path },
  body: { title: "A conference", closing: { kind: "never" } },
});
assert(registered.data, told(registered.error));
assert.equal(registered.data.article, path.article);
assert.equal(registered.data.state, "open");

const body = { body: "Well *said*.", author: { name: "Ada" } };
const posted = await reader.POST("/v1/sites/{site}/threads/{article}/comments", {
  params: { path, header: { "Idempotency-Key": randomUUID() } },
  body,
});
assert(posted.data, told(posted.error));
assert.match(posted.data.author_token ?? "", /^author_/);
assert.equal(posted.data.thread.label, "One reply");

const page = await reader.GET("/v1/sites/{site}/threads/{article}/comments", { params: { path, query: { limit: 10 } } });
assert(page.data, told(page.error));
assert.equal(page.data.comments[0]?.id, posted.data.comment.id);
assert.equal(page.data.comments[0].html, "<p>Well <em>said</em>.</p>");

const closed = await host.POST("/v1/sites/{site}/threads/{article}/close", {
  params: { path },
  body: { reason: "It is late." },
});
assert(closed.data, told(closed.error));
assert.equal(closed.data.notice, "Comments are closed.");

const refused = await reader.POST("/v1/sites/{site}/threads/{article}/comments", { params: { path }, body });
assert.equal(refused.response.status, 409);
assert(refused.error);
assert.equal(refused.error.type, "/problems/thread-closed");
assert.equal(refused.error.close_reason, "It is late.");
assert.equal(refused.error.draft?.body, body.body);

function told(problem: Problem | undefined): string {
  return `${problem?.type}: ${problem?.detail ?? problem?.title}`;
}
