// An emulator for a file of tests: started before them, reset before each, stopped after them.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach } from "node:test";

const PROGRAM = process.env.HEALTHCARE_EMULATOR ?? "healthcare-emulator";

/** Have an emulator for the tests of this file; gives what asks it for something, as the owner of its project. */
export function emulator() {
  const state = mkdtempSync(join(tmpdir(), "emulator-"));
  const run = (...words) => execFileSync(PROGRAM, [...words, "--state", state], { encoding: "utf8" });
  before(() => {
    run("start", "--detach", "--port", "0", "--grpc-port", "0");
    for (const line of run("env").split("\n")) {
      const [, name, value] = line.match(/^export (\w+)=(.*)$/) ?? [];
      if (name) process.env[name] = value;
    }
  });
  beforeEach(() => ask("POST", "/_emulator/reset"));
  after(() => {
    run("stop");
    rmSync(state, { recursive: true });
  });
}

/** The JSON that a request is answered with, as the owner. */
export async function ask(method, path, body) {
  const answer = await fetch(process.env.HEALTHCARE_EMULATOR_HOST + path, {
    method,
    headers: { authorization: `Bearer ${process.env.GOOGLE_OAUTH_ACCESS_TOKEN}`, "content-type": "application/json" },
    body: method === "POST" ? JSON.stringify(body ?? {}) : undefined,
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return answer.json();
}
