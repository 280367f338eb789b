// Every recorded case and run, in both builds: the bits of the native library.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { expected, rerun, same } from "./support/same.js";
import { CONFORMANCE, PACKAGE, recorded } from "./support/server.js";

// Before the first module is compiled. Without effect where relaxed SIMD is there by default.
setFlagsFromString("--experimental-wasm-relaxed-simd");
const { Model, pipeline } = await import("albert-edge");

const open = (name, wasm) => Model.load(readFileSync(path.join(CONFORMANCE, name)), { wasm });

for (const build of ["albert.wasm", "albert-relaxed.wasm"]) {
  const wasm = new WebAssembly.Module(readFileSync(path.join(PACKAGE, "dist", build)));

  test(`${build}: every task gives the recorded bits`, async () => {
    assert.ok(recorded.cases.length >= 20);
    for (const { model, task, options, request, response, name } of recorded.cases) {
      const opened = await open(model, wasm);
      const pipe = await pipeline(task, { model: opened, ...options });
      const found = await pipe(request);
      assert.ok(same(found, expected(response)), `${name}: ${JSON.stringify(found)}\n${JSON.stringify(response)}`);
      pipe.close();
      opened.close();
    }
  });

  test(`${build}: every head gives the recorded bits`, async () => {
    assert.ok(recorded.runs.length > 0);
    for (const run of recorded.runs) {
      const opened = await open(run.model, wasm);
      assert.deepEqual(rerun(opened, run), run);
      opened.close();
    }
  });
}

test("a comparison that should fail does", () => {
  const [{ response }] = recorded.cases;
  const changed = structuredClone(response);
  changed[0].score = Math.fround(changed[0].score) * (1 + 2 ** -23);
  assert.ok(same(response, structuredClone(response)));
  assert.ok(!same(changed, response));
});

test("the build is chosen by detection", async () => {
  const { hasRelaxedSimd, hasSimd } = await import("../dist/features.js");
  assert.ok(hasSimd());
  assert.ok(hasRelaxedSimd());
});
