// Classifiers from examples: the bytes of the library's portable fit, which albert-fit/tests/portable.rs holds against the same record.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { PACKAGE, REPOSITORY } from "./support/server.js";

// Before the first module is compiled. Without effect where relaxed SIMD is there by default.
setFlagsFromString("--experimental-wasm-relaxed-simd");
const { AlbertError, Model, pipeline } = await import("albert-edge");
const { fit } = await import("albert-edge/fit");

const record = JSON.parse(readFileSync(path.join(REPOSITORY, "albert-fit/tests/data/portable.json"), "utf8"));
const { examples, options } = record;
const encoder = path.join(REPOSITORY, record.encoder);
const hex = (bytes) => Buffer.from(bytes).toString("hex");

for (const build of ["albert-fit.wasm", "albert-fit-relaxed.wasm"]) {
  const wasm = new WebAssembly.Module(readFileSync(path.join(PACKAGE, "dist", build)));

  test(`${build}: the recorded bytes`, async () => {
    const told = [];
    const made = await fit(encoder, examples, { ...options, wasm, progress: (at) => told.push(at) });
    assert.deepEqual(made.report, JSON.parse(record.report));
    assert.equal(hex(made.headFile), record.head);
    const rows = told.filter(({ stage }) => stage === "examples");
    assert.deepEqual(rows.map(({ done }) => done), examples.map((_, index) => index + 1));
    const last = told.at(-1);
    assert.ok(last.stage === "folds" && last.done === last.total && last.total % options.folds === 0);
    const bytes = readFileSync(encoder);
    const wide = await fit(bytes, examples, { ...options, wasm, float: true });
    assert.equal(hex(wide.headFile), record.head_f32);
    assert.ok(bytes.length > 0, "the bytes stay the caller's");
  });
}

test("both files classify, and alike", async () => {
  const { headFile, modelFile, report } = await fit(new Blob([readFileSync(encoder)]), examples, options);
  const [beside, whole] = [
    await pipeline("text-classification", { model: encoder, head: headFile }),
    await pipeline("text-classification", { model: modelFile }),
  ];
  assert.deepEqual(beside.info.labels, report.labels.map(({ label }) => label));
  for (const { text } of examples) assert.deepEqual(await beside(text), await whole(text));
  beside.close();
  whole.close();
});

test("what is wrong is said", async () => {
  const model = await Model.load(encoder);
  const damaged = readFileSync(encoder);
  damaged[damaged.length - 1] ^= 1;
  for (const [source, rows, changes, message] of [
    [encoder, examples, { fold: 3 }, /unknown field `fold`/],
    [encoder, examples, { folds: 1 }, /folds: expected 2 or more/],
    [encoder, examples, { pooling: "worst" }, /worst/],
    [encoder, examples.slice(0, 8), {}, /1 different labels/],
    [encoder, [{ text: "a", label: "b" }, { text: "c" }], {}, /row 2: "label" is missing/],
    [encoder, undefined, {}, /rows/],
    [damaged, examples, {}, /checksum/],
    [model, examples, {}, /give its URL/],
    ["no-such-file.albert", examples, {}, /no-such-file/],
    [encoder, examples, { wasm: "no-such-file.wasm" }, /no-such-file/],
  ]) await assert.rejects(fit(source, rows, changes), message);
  await assert.rejects(fit(encoder, [], {}), AlbertError);
  model.close();
});

test("a signal ends it at once", async () => {
  const ending = new AbortController();
  const reason = new Error("enough");
  const told = [];
  const progress = (at) => {
    told.push(at);
    ending.abort(reason);
  };
  await assert.rejects(fit(encoder, examples, { signal: ending.signal, progress }), reason);
  const before = told.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(told.length, before);
  await assert.rejects(fit(encoder, examples, { signal: AbortSignal.abort(reason) }), reason);
});
