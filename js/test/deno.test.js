// The package under Deno, with no permission but to read files: on the main thread and in a worker, the recorded bits.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import test from "node:test";
import { PACKAGE, recorded } from "./support/server.js";

test("Deno: every task, both builds, the recorded bits", (t) => {
  const deno = path.join(PACKAGE, "node_modules/.bin/deno");
  const program = path.join(PACKAGE, "test/support/in-deno.js");
  const printed = execFileSync(deno, ["run", "--no-config", "--no-prompt", "--allow-read", program], { encoding: "utf8" });
  const { results, fitted } = JSON.parse(printed);
  assert.ok(fitted, "a classifier has the recorded bytes");
  for (const { build, worker, isa, cases, differing } of results) {
    t.diagnostic(`${build}${worker ? ", worker" : ""}: ${cases} cases, ${isa}`);
    assert.deepEqual(differing, []);
    assert.equal(cases, recorded.cases.length);
  }
  assert.deepEqual(results.map(({ build, worker }) => `${build} ${worker}`), [
    "albert.wasm false",
    "albert-relaxed.wasm false",
    "the detected build true",
  ]);
});
