// @google-cloud/storage, led by STORAGE_EMULATOR_HOST, which it takes for the whole base of the JSON API.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Storage } from "@google-cloud/storage";

const storage = new Storage({ projectId: process.env.GOOGLE_CLOUD_PROJECT });
const bucket = storage.bucket(`node-${process.env.UNIQUE}`);

test("buckets: create, read, list, change", async () => {
  await bucket.create({ location: "US-CENTRAL1", iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } });
  const [metadata] = await bucket.getMetadata();
  assert.equal(metadata.location, "US-CENTRAL1");
  const [buckets] = await storage.getBuckets({ prefix: bucket.name });
  assert.deepEqual(buckets.map((found) => found.name), [bucket.name]);
  await bucket.setLabels({ kind: "contract" });
  assert.equal((await bucket.getLabels())[0].kind, "contract");
  await assert.rejects(bucket.create(), { code: 409 });
});

test("small and large objects, resumable and not, come back as they were", async () => {
  for (const [name, size, resumable] of [["small", 100, false], ["empty", 0, false], ["resumable", 300, true], ["large", 9_000_001, true]]) {
    const content = randomBytes(size);
    const file = bucket.file(`objects/${name}`);
    await file.save(content, { resumable, metadata: { contentType: "a/b", metadata: { k: name } } });
    const [back] = await file.download();
    assert.ok(content.equals(back), name);
    const [metadata] = await file.getMetadata();
    assert.deepEqual([Number(metadata.size), metadata.contentType, metadata.metadata.k], [size, "a/b", name]);
  }
  const chunked = bucket.file("objects/chunked");
  const content = randomBytes(1_000_000);
  await chunked.save(content, { resumable: true, chunkSize: 512 * 1024 });
  assert.ok(content.equals((await chunked.download())[0]));
  assert.ok(content.subarray(5, 11).equals((await chunked.download({ start: 5, end: 10 }))[0]));
});

test("list by prefix and delimiter, copy, compose, delete", async () => {
  const [files, , answer] = await bucket.getFiles({ prefix: "objects/", delimiter: "/", autoPaginate: false, maxResults: 2 });
  assert.deepEqual(files.map((file) => file.name), ["objects/chunked", "objects/empty"]);
  assert.ok(answer.nextPageToken);
  await bucket.file("objects/small").copy(bucket.file("copied"));
  await bucket.combine(["copied", "objects/small"], "both");
  assert.equal(Number((await bucket.file("both").getMetadata())[0].size), 200);
  await bucket.file("copied").delete();
  assert.deepEqual(await bucket.file("copied").exists(), [false]);
  await assert.rejects(bucket.file("copied").download(), { code: 404 });
});

test("a precondition that fails is a 412", async () => {
  const file = bucket.file("objects/small");
  await assert.rejects(file.save("x", { resumable: false, preconditionOpts: { ifGenerationMatch: 1 } }), { code: 412 });
});

test("policies and notifications", async () => {
  const [policy] = await bucket.iam.getPolicy({ requestedPolicyVersion: 3 });
  policy.bindings.push({ role: "roles/storage.objectViewer", members: [process.env.ACCOUNT] });
  await bucket.iam.setPolicy(policy);
  const [again] = await bucket.iam.getPolicy({ requestedPolicyVersion: 3 });
  assert.ok(again.bindings.some((binding) => binding.role === "roles/storage.objectViewer"));
  assert.deepEqual((await bucket.getNotifications())[0], []);
});

test("signed addresses can be read and written by anybody", async () => {
  const file = bucket.file("objects/signed");
  const expires = Date.now() + 600_000;
  const [write] = await file.getSignedUrl({ version: "v4", action: "write", expires, contentType: "text/plain" });
  const written = await fetch(write, { method: "PUT", body: "hello", headers: { "content-type": "text/plain" } });
  assert.equal(written.status, 200, await written.text());
  const [read] = await file.getSignedUrl({ version: "v4", action: "read", expires });
  assert.equal(await (await fetch(read)).text(), "hello");
});

test("a bucket is emptied and deleted", async () => {
  await bucket.deleteFiles();
  await bucket.delete();
  assert.deepEqual(await bucket.exists(), [false]);
});
