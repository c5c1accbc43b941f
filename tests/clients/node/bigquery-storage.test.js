// @google-cloud/bigquery-storage, led by BIGQUERY_STORAGE_EMULATOR_HOST: rows written as JSON and read as Arrow and Avro.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BigQuery } from "@google-cloud/bigquery";
import { adapt, BigQueryReadClient, BigQueryWriteClient, managedwriter } from "@google-cloud/bigquery-storage";
import { credentials } from "@grpc/grpc-js";
import { tableFromIPC } from "apache-arrow";
import { authClient } from "./token.js";

const project = process.env.GOOGLE_CLOUD_PROJECT;
const bigquery = new BigQuery({ projectId: project, authClient });
const dataset = bigquery.dataset(`node_storage_${process.env.UNIQUE}`);
const name = `projects/${project}/datasets/${dataset.id}/tables/people`;
const [host, port] = process.env.BIGQUERY_STORAGE_EMULATOR_HOST.split(":");
const options = { apiEndpoint: host, port: Number(port), projectId: project, sslCreds: credentials.createInsecure() };
const reader = new BigQueryReadClient(options);
const writer = new managedwriter.WriterClient();
writer.setClient(new BigQueryWriteClient(options));

before(async () => {
  await dataset.create({ location: "US" });
  await dataset.createTable("people", { schema: "name:STRING, born:INTEGER" });
});

after(async () => {
  writer.close();
  await reader.close();
  await dataset.delete({ force: true });
});

async function session(dataFormat, readOptions = {}) {
  const request = { parent: `projects/${project}`, readSession: { table: name, dataFormat, readOptions }, maxStreamCount: 1 };
  return (await reader.createReadSession(request))[0];
}

async function answers(made) {
  const found = [];
  for await (const answer of reader.readRows({ readStream: made.streams[0].name, offset: 0 })) found.push(answer);
  return found;
}

test("rows are appended as JSON, at offsets, and seen once they are committed", async () => {
  const stream = await writer.createWriteStreamFullResponse({ streamType: managedwriter.PendingStream, destinationTable: name });
  const protoDescriptor = adapt.convertStorageSchemaToProto2Descriptor(stream.tableSchema, "root");
  const connection = await writer.createStreamConnection({ streamId: stream.name });
  const rows = new managedwriter.JSONWriter({ streamId: stream.name, connection, protoDescriptor });
  await rows.appendRows([{ name: "Ada", born: 1815 }], 0).getResult();
  await rows.appendRows([{ name: "Grace", born: 1906 }, { name: null, born: 1780 }], 1).getResult();
  assert.equal((await dataset.table("people").getRows())[0].length, 0);
  assert.equal(Number((await connection.finalize()).rowCount), 3);
  await writer.batchCommitWriteStream({ parent: name, writeStreams: [stream.name] });
  rows.close();
  assert.equal((await dataset.table("people").getRows())[0].length, 3);
});

test("a session in Arrow has the rows and columns that were asked for", async () => {
  const made = await session("ARROW", { selectedFields: ["name"], rowRestriction: "born > 1800" });
  const pieces = [made.arrowSchema.serializedSchema];
  for (const answer of await answers(made)) pieces.push(answer.arrowRecordBatch.serializedRecordBatch);
  const rows = tableFromIPC(Buffer.concat(pieces)).toArray().map((row) => ({ ...row.toJSON() }));
  assert.deepEqual(rows, [{ name: "Ada" }, { name: "Grace" }]);
});

test("a session in Avro says its schema and how many rows it has", async () => {
  const made = await session("AVRO");
  const schema = JSON.parse(made.avroSchema.schema);
  assert.deepEqual(schema.fields.map((field) => field.name), ["name", "born"]);
  const counts = (await answers(made)).map((answer) => Number(answer.rowCount));
  assert.equal(counts.reduce((sum, count) => sum + count, 0), 3);
});

test("what is not there is said", async () => {
  const request = { parent: `projects/${project}`, readSession: { table: `${name}_not`, dataFormat: "AVRO" } };
  await assert.rejects(reader.createReadSession(request), { code: 5 });
});
