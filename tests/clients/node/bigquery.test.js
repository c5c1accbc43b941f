// @google-cloud/bigquery, led by BIGQUERY_EMULATOR_HOST, which it takes for the whole base of the API.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { BigQuery } from "@google-cloud/bigquery";
import { authClient } from "./token.js";

const bigquery = new BigQuery({ projectId: process.env.GOOGLE_CLOUD_PROJECT, authClient });
const dataset = bigquery.dataset(`node_${process.env.UNIQUE}`);
const table = dataset.table("people");

test("datasets and tables: create, read, list", async () => {
  await dataset.create({ location: "US" });
  await dataset.createTable("people", { schema: "name:STRING, born:INTEGER" });
  assert.deepEqual((await dataset.getTables())[0].map((found) => found.id), ["people"]);
  assert.equal((await table.getMetadata())[0].schema.fields[1].type, "INTEGER");
  await assert.rejects(dataset.create(), { code: 409 });
});

test("rows that were inserted and loaded are found by a query with parameters", async () => {
  await table.insert([{ name: "Ada", born: 1815 }, { name: "Grace", born: 1906 }]);
  const file = join(process.env.FOLDER, "people.csv");
  await writeFile(file, "Mary,1780\n");
  await table.load(file, { sourceFormat: "CSV" });
  const query = `SELECT name, born FROM \`${dataset.id}.people\` WHERE born > @after ORDER BY born`;
  const [rows] = await bigquery.query({ query, params: { after: 1800 } });
  assert.deepEqual(rows, [{ name: "Ada", born: 1815 }, { name: "Grace", born: 1906 }]);
  assert.equal((await table.getRows())[0].length, 3);
});

test("a job is created, waited for and read by pages", async () => {
  const [job] = await bigquery.createQueryJob({ query: "SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25)) AS n ORDER BY n" });
  const [rows, next] = await job.getQueryResults({ maxResults: 10, autoPaginate: false });
  assert.equal(rows.length, 10);
  assert.ok(next.pageToken);
  assert.equal((await job.getMetadata())[0].status.state, "DONE");
});

test("a wrong query says what is wrong", async () => {
  await assert.rejects(bigquery.query("SELECT FROM"), { code: 400 });
  await assert.rejects(bigquery.query("SELECT * FROM `nowhere.nothing`"), { code: 404 });
});

test("a dataset is deleted with its tables", async () => {
  await dataset.delete({ force: true });
  assert.deepEqual(await dataset.exists(), [false]);
});
