// @google-cloud/pubsub, led by PUBSUB_EMULATOR_HOST: over gRPC, without credentials.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { PubSub } from "@google-cloud/pubsub";

const pubsub = new PubSub({ projectId: process.env.GOOGLE_CLOUD_PROJECT });
const topic = pubsub.topic(`node-${process.env.UNIQUE}`, { messageOrdering: true });
const name = `node-${process.env.UNIQUE}-pull`;

after(() => pubsub.close());

test("topics and subscriptions: create, list, refuse twice", async () => {
  await topic.create();
  await topic.createSubscription(name, { enableMessageOrdering: true, filter: 'attributes.kind = "a"' });
  assert.ok((await topic.getSubscriptions())[0].some((found) => found.name.endsWith(name)));
  await assert.rejects(topic.create(), { code: 6 });
});

test("messages are published and pulled by a stream, in order and filtered", async () => {
  for (const data of ["one", "two", "three"]) {
    await topic.publishMessage({ data: Buffer.from(data), attributes: { kind: "a" }, orderingKey: "k" });
    await topic.publishMessage({ data: Buffer.from("other"), attributes: { kind: "b" } });
  }
  const subscription = pubsub.subscription(name);
  const arrived = [];
  const three = new Promise((resolve, reject) => {
    subscription.on("error", reject);
    subscription.on("message", (message) => {
      arrived.push(message.data.toString());
      message.ack();
      if (arrived.length === 3) resolve();
    });
  });
  await three;
  const closed = once(subscription, "close");
  await subscription.close();
  await closed;
  assert.deepEqual(arrived, ["one", "two", "three"]);
});

test("topics and subscriptions are deleted", async () => {
  await pubsub.subscription(name).delete();
  await topic.delete();
  assert.deepEqual(await topic.exists(), [false]);
});
