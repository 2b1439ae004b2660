// Standard Webhooks' own library for JavaScript, asked line by line: each is JSON, a message to verify or to sign, and so
// is each answer.
//
// Run as: node a_webhook_library.js < QUESTIONS
import { createInterface } from "node:readline";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body, sign } = JSON.parse(line);
  const webhook = new Webhook(secret);
  console.log(JSON.stringify(sign ? signed(webhook, sign, body) : verified(webhook, body, headers)));
}

/** The signature of a message that is sent at `timestamp`, in seconds. */
function signed(webhook, { id, timestamp }, body) {
  return webhook.sign(id, new Date(timestamp * 1000), body);
}

/** The message, or null where it is refused. */
function verified(webhook, body, headers) {
  try {
    return webhook.verify(body, headers);
  } catch (error) {
    if (error instanceof WebhookVerificationError) return null;
    throw error;
  }
}
