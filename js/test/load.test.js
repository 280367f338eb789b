// Ways to start the module and to open a model; what is wrong is said in a sentence.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { AlbertError, Model, init, pipeline } from "albert-edge";
import { CONFORMANCE, INTENTS, PACKAGE, serve, sha256 } from "./support/server.js";

const bytes = readFileSync(INTENTS);
const wasmFile = path.join(PACKAGE, "dist/albert.wasm");
const wasm = readFileSync(wasmFile);
const TEXT = "what is the weather like in tokyo tomorrow";
const copy = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);

async function label(settings) {
  const classify = await pipeline("text-classification", settings);
  const [{ label, score }] = await classify(TEXT);
  classify.close();
  return `${label} ${score}`;
}

test("a model from a URL, a path, bytes, a blob or a response", async (t) => {
  const server = await serve({ "/": PACKAGE });
  t.after(server.close);
  const url = `${server.url}/site/models/clinc-intents-int8.albert`;
  const first = await label({ model: bytes });
  assert.match(first, /^weather 0\.\d+$/);
  for (const model of [
    url,
    new URL(url),
    await fetch(url),
    INTENTS,
    path.relative(process.cwd(), INTENTS),
    pathToFileURL(INTENTS),
    copy(bytes),
    new Blob([bytes]),
    await Model.load(INTENTS),
  ]) {
    assert.equal(await label({ model }), first);
  }
});

test("the module from a URL, bytes, a response or a WebAssembly.Module", async (t) => {
  const server = await serve({ "/": PACKAGE });
  t.after(server.close);
  const url = `${server.url}/dist/albert.wasm`;
  const first = await label({ model: bytes });
  const sources = [url, new URL(url), wasmFile, wasm, copy(wasm), await fetch(url), new WebAssembly.Module(wasm)];
  for (const source of sources) assert.equal(await label({ model: bytes, wasm: source }), first);
  await assert.rejects(init(`${server.url}/nothing.wasm`), /HTTP 404/);
});

test("the module is started once, or anew from a source", async () => {
  const first = await init();
  assert.equal(await init(), first);
  const other = await init(wasm);
  assert.notEqual(other, first);
  assert.equal(await init(), other);
  await assert.rejects(init(new Uint8Array(8)));
  assert.match(await label({ model: bytes }), /^weather/);
});

test("what a model says of itself", async () => {
  const { info } = await Model.load(bytes);
  assert.equal(info.labels.length, 151);
  assert.equal(info.file_bytes, bytes.length);
  assert.deepEqual(info.tasks.slice(0, 1), ["text-classification"]);
  assert.deepEqual(
    [info.config.hidden_size, info.config.num_hidden_layers, info.has_tokenizer, info.isa],
    [256, 6, true, "simd128"],
  );
});

test("errors say what is wrong", async () => {
  const fails = (work, pattern) => assert.rejects(work, (error) => error instanceof AlbertError && pattern.test(error.message));
  await fails(pipeline("text-classification"), /no model/);
  await fails(Model.load(path.join(CONFORMANCE, "README.md")), /model/);
  await fails(Model.load(bytes.subarray(0, 1000)), /bytes|ends|short|truncated|file/i);
  await fails(Model.load(bytes, { checksum: "00" }), /checksum/);
  await fails(pipeline("question-answering", { model: bytes }), /head|question-answering/);
  await fails(pipeline("translation", { model: bytes }), /expected one of text-classification/);
  await fails(pipeline("text-classification", { model: bytes, doc_stride: 3 }), /doc_stride/);
  await fails(pipeline("text-classification", { model: bytes, function_to_apply: "relu" }), /softmax/);
  const classify = await pipeline("text-classification", { model: bytes });
  await fails(classify({}), /text/);
  await fails(classify([["a"]]), /expected a text/);
  await fails(classify("a", { stride: 1 }), /stride/);
  await fails(classify(undefined), /expected a text/);
  await fails(classify({ input_ids: [2, 9000, 3] }), /9000|vocabulary|id/);
  // After errors it goes on.
  assert.equal((await classify(TEXT))[0].label, "weather");
  classify.close();
  await fails(classify(TEXT), /closed/);
});

test("a damaged file is found by verify()", async () => {
  const damaged = Uint8Array.from(bytes);
  damaged[damaged.length - 5000] ^= 1;
  const model = await Model.load(damaged);
  assert.throws(() => model.verify(), AlbertError);
  await assert.rejects(Model.load(damaged, { checksum: sha256(bytes) }), AlbertError);
  const whole = await Model.load(bytes, { checksum: sha256(bytes).toUpperCase() });
  whole.verify();
});

test("models that are closed give their memory back", async () => {
  const wasmModule = new WebAssembly.Module(wasm);
  const engine = new WebAssembly.Instance(wasmModule, {});
  assert.deepEqual(WebAssembly.Module.imports(wasmModule), []);
  assert.ok(engine.exports.memory);
  for (let round = 0; round < 3; round += 1) (await Model.load(bytes)).close();
  const before = (await Model.load(bytes)).memoryBytes;
  for (let round = 0; round < 20; round += 1) {
    const classify = await pipeline("text-classification", { model: bytes });
    await classify(TEXT, { top_k: 1 + (round % 5) });
    classify.close();
  }
  const model = await Model.load(bytes);
  assert.ok(model.memoryBytes - before < 6e6, `${before} bytes before, ${model.memoryBytes} after`);
  model.close();
  assert.throws(() => model.task(), AlbertError);
});
