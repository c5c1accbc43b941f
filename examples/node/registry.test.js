// Each test has the emulator for itself: what one makes, the next does not see.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Storage } from "@google-cloud/storage";
import { healthcare as api } from "@googleapis/healthcare";
import { OAuth2Client } from "google-auth-library";
import { ask, emulator } from "./emulator.js";
import { count, keep, register } from "./registry.js";

const METHOD = "healthcare.projects.locations.datasets.fhirStores.fhir.create";
let healthcare, store;

emulator();
beforeEach(async () => {
  const auth = new OAuth2Client();
  auth.setCredentials({ access_token: process.env.GOOGLE_OAUTH_ACCESS_TOKEN });
  healthcare = api({ version: "v1", auth, rootUrl: `${process.env.HEALTHCARE_EMULATOR_HOST}/` });
  const location = `projects/${process.env.GOOGLE_CLOUD_PROJECT}/locations/us-central1`;
  const dataset = `${location}/datasets/tests`;
  await ask("POST", `/v1/${location}/datasets?datasetId=tests`);
  await ask("POST", `/v1/${dataset}/fhirStores?fhirStoreId=patients`, { version: "R4" });
  store = `${dataset}/fhirStores/patients`;
});

for (const family of ["Okafor", "Nguyen"]) {
  test(`a patient is registered: ${family}`, async () => {
    assert.equal(await count(healthcare, store), 0);
    await register(healthcare, store, family);
    assert.equal(await count(healthcare, store), 1);
  });
}

test("it tries again", async () => {
  await ask("POST", "/_emulator/faults", { method: METHOD, code: 503 });
  await register(healthcare, store, "Okafor");
  const { requests } = await ask("GET", `/_emulator/requests?method=${METHOD}`);
  assert.deepEqual(requests.map((call) => call.status), [503, 201]);
});

test("a store that is not there", async () => {
  await assert.rejects(register(healthcare, `${store}2`, "Okafor"), { status: 404 });
});

test("texts are kept", async () => {
  const bucket = new Storage({ projectId: process.env.GOOGLE_CLOUD_PROJECT }).bucket("texts-of-patients");
  await bucket.create();
  await keep(bucket, "1", "No finding.");
  assert.equal((await bucket.file("1.txt").download()).toString(), "No finding.");
});
