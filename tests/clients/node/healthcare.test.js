// Healthcare of googleapis, with the token of the shell.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { healthcare as api } from "@googleapis/healthcare";
import { authClient as auth } from "./token.js";

const healthcare = api({ version: "v1", auth, rootUrl: `${process.env.HEALTHCARE_EMULATOR_HOST}/` });
const datasets = healthcare.projects.locations.datasets;
const parent = `projects/${process.env.GOOGLE_CLOUD_PROJECT}/locations/us-central1`;
const dataset = `${parent}/datasets/node-${process.env.UNIQUE}`;
const store = `${dataset}/dicomStores/images`;

test("datasets and stores: create, read, list", async () => {
  const begun = await datasets.create({ parent, datasetId: dataset.split("/").at(-1), requestBody: { timeZone: "UTC" } });
  const done = await datasets.operations.get({ name: begun.data.name });
  assert.equal(done.data.done, true);
  await datasets.dicomStores.create({ parent: dataset, dicomStoreId: "images", requestBody: { labels: { a: "b" } } });
  const listed = await datasets.dicomStores.list({ parent: dataset });
  assert.deepEqual(listed.data.dicomStores.map((found) => found.name), [store]);
  await assert.rejects(datasets.dicomStores.get({ name: `${store}2` }), { status: 404 });
});

test("instances: store, search, retrieve, delete", async () => {
  const file = await readFile(process.env.INSTANCE);
  const stored = await datasets.dicomStores.storeInstances(
    { parent: store, dicomWebPath: "studies", requestBody: file },
    { headers: { "content-type": "application/dicom" } },
  );
  assert.equal(stored.status, 200);
  const found = await datasets.dicomStores.searchForStudies({ parent: store, dicomWebPath: "studies" }, { responseType: "json" });
  assert.equal(found.data.length, 1);
  const study = found.data[0]["0020000D"].Value[0];
  const metadata = await datasets.dicomStores.studies.retrieveMetadata({ parent: store, dicomWebPath: `studies/${study}/metadata` }, { responseType: "json" });
  const [instance] = metadata.data;
  const path = `studies/${study}/series/${instance["0020000E"].Value[0]}/instances/${instance["00080018"].Value[0]}`;
  const back = await datasets.dicomStores.studies.series.instances.retrieveInstance(
    { parent: store, dicomWebPath: path },
    { headers: { accept: "application/dicom; transfer-syntax=*" }, responseType: "arraybuffer" },
  );
  assert.ok(Buffer.from(back.data).equals(file));
  await datasets.dicomStores.studies.delete({ parent: store, dicomWebPath: `studies/${study}` });
});

test("a dataset is deleted", async () => {
  await datasets.delete({ name: dataset });
  await assert.rejects(datasets.get({ name: dataset }), { status: 404 });
});
