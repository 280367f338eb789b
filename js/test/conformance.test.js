// Every recorded case and run, in both builds: the bits of the native library.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { sizes } from "../bench/sizes.js";
import { crc32, expected, rerun, same } from "./support/same.js";
import { CONFORMANCE, PACKAGE, recorded } from "./support/server.js";

// Before the first module is compiled. Without effect where relaxed SIMD is there by default.
setFlagsFromString("--experimental-wasm-relaxed-simd");
const { Model, Prototypes, pipeline } = await import("albert-edge");
const { classifier } = await import("albert-edge/classify");

const read = (name) => name && readFileSync(path.join(CONFORMANCE, name));
const open = (name, wasm, head) => Model.load(read(name), { wasm, head: read(head) });

for (const build of ["albert.wasm", "albert-relaxed.wasm"]) {
  const wasm = new WebAssembly.Module(readFileSync(path.join(PACKAGE, "dist", build)));

  test(`${build}: every task gives the recorded bits`, async () => {
    assert.ok(recorded.cases.length >= 20);
    for (const { model, head, task, options, request, response, name } of recorded.cases) {
      const opened = await open(model, wasm, head);
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
      const opened = await open(run.model, wasm, run.head);
      assert.deepEqual(rerun(opened, run), run);
      opened.close();
    }
  });

  test(`${build}: prototypes give the recorded bits`, async () => {
    assert.ok(recorded.prototypes.length > 0);
    for (const { model, labels, examples, text, nearest, stored_crc32 } of recorded.prototypes) {
      const opened = await open(model, wasm);
      const embed = opened.task("sentence-embedding");
      const prototypes = await Prototypes.create(labels, embed.run(text).length, { wasm });
      assert.equal(prototypes.nearest(embed.run(text)), null);
      for (const [label, example] of examples) prototypes.add(label, embed.run(example));
      const found = prototypes.nearest(embed.run(text));
      assert.ok(same(found, nearest), `${JSON.stringify(found)}\n${JSON.stringify(nearest)}`);
      const bytes = prototypes.toBytes();
      assert.equal(crc32(bytes), stored_crc32);
      const copy = await Prototypes.fromBytes(bytes, { wasm });
      assert.deepEqual(copy.nearest(embed.run(text)), found);
      copy.forget(nearest.label);
      assert.equal(copy.examples(nearest.label), 0);
      assert.notEqual(copy.nearest(embed.run(text)).label, nearest.label);
      for (const [call, message] of [
        [() => copy.add(labels, embed.run(text)), /not below/],
        [() => copy.add(0, [1, 2]), /elements/],
        [() => copy.add(-1, embed.run(text)), /no label/],
        [() => copy.nearest(embed.run(text).map(() => 0)), /zero/],
      ]) assert.throws(call, message);
      await assert.rejects(Prototypes.fromBytes(bytes.slice(1), { wasm }), /stored bytes/);
      prototypes.close();
      assert.throws(() => prototypes.toBytes(), /closed/);
      copy.close();
      embed.close();
      opened.close();
    }
  });

  test(`${build}: a head for another encoder is refused`, async () => {
    await assert.rejects(open("text-classification.albert", wasm, "encoder.head"), /another encoder/);
    await assert.rejects(open("encoder.albert", wasm, "encoder.albert"), /no head file/);
  });
}

for (const build of ["albert-classify.wasm", "albert-classify-relaxed.wasm"]) {
  const wasm = new WebAssembly.Module(readFileSync(path.join(PACKAGE, "dist", build)));

  test(`${build}: texts are classified with the recorded bits`, async () => {
    const cases = recorded.cases.filter(({ task }) => task === "text-classification");
    assert.ok(cases.length > 1);
    for (const { model, head, options, request, response, name } of cases) {
      const classify = await classifier({ model: read(model), head: read(head), wasm, ...options });
      const found = await classify(request);
      assert.ok(same(found, response), `${name}: ${JSON.stringify(found)}\n${JSON.stringify(response)}`);
      assert.deepEqual(classify.info.tasks, ["text-classification"]);
      classify.close();
    }
    for (const run of recorded.runs.filter(({ logits }) => logits !== undefined)) {
      const opened = await open(run.model, wasm, run.head);
      const logits = opened.logits(run);
      assert.deepEqual([logits.length, crc32(logits)], [run.logits, run.logits_crc32]);
      opened.close();
    }
  });

  test(`${build}: it says what the other module says, to the last character`, async () => {
    const every = new WebAssembly.Module(readFileSync(path.join(PACKAGE, "dist", build.replace("-classify", ""))));
    const { model } = recorded.cases.find(({ task }) => task === "text-classification");
    const [small, large] = [await open(model, wasm), await open(model, every)];
    assert.deepEqual({ ...small.info, tasks: [] }, { ...large.info, tasks: [] });
    const texts = ["", "play", 'a "quoted" \\ line\n\ttab \u0001 \u007f \u2028 end', "né 😀 \ud83d\ude00 終わり", "x".repeat(999)];
    for (const text of texts) {
      assert.deepEqual(small.tokenize(text, text), large.tokenize(text, text));
      for (const options of [{}, { top_k: 1 }, { top_k: 99, function_to_apply: "none" }, { max_length: 8, truncation: "longest_first" }]) {
        const [mine, theirs] = [small, large].map((opened) => {
          try {
            return opened.task("text-classification", options).run({ text });
          } catch (error) {
            return error.message;
          }
        });
        assert.deepEqual(mine, theirs);
      }
    }
    const ids = { input_ids: [2, 5, 9, 3], token_type_ids: [0, 0, 1, 1], text: null };
    assert.deepEqual(small.task().run(ids), large.task().run(ids));
    for (const input_ids of [[-1], [1.5], [2 ** 32], ["2"], [[2]], { 0: 2 }, 7, true]) {
      assert.throws(() => small.logits({ input_ids }), /texts and lists of ids/);
    }
    assert.throws(() => small.logits({ text: "\ud800" }), /texts and lists of ids/);
    small.close();
    large.close();
  });

  test(`${build}: what it does not have is refused`, async () => {
    const [{ model: name, request }] = recorded.cases.filter(({ task }) => task === "text-classification");
    const model = await open(name, wasm);
    const refused = [
      [() => model.task("fill-mask"), /fill-mask: this build of the module serves text-classification alone/],
      [() => model.task(undefined, { stride: 3 }), /text-classification has no option stride/],
      [() => model.task(undefined, { top_k: "many" }), /top_k: "many" is no value of this option/],
      [() => model.task(undefined, { truncation: "only_third" }), /truncation: "only_third"/],
      [() => model.task(undefined, { top_k: -1 }), /top_k: -1/],
      [() => model.task().run({ text: 7 }), /texts and lists of ids/],
      [() => model.task().run({}), /text/],
    ];
    for (const [call, message] of refused) assert.throws(call, message);
    assert.equal(model.task(undefined, { top_k: 2, truncation: null }).run(request).length, 2);
    model.close();
    const { model: other } = recorded.cases.find(({ task }) => task === "question-answering");
    const asks = await open(other, wasm);
    assert.deepEqual(asks.info.tasks, []);
    assert.throws(() => asks.task(), /./);
    asks.close();
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

test("what a page fetches to classify stays below 100 kilobytes", () => {
  const [, , gzip] = sizes().find(([what]) => what.startsWith("**classification alone**"));
  assert.ok(Number(gzip) < 100, `${gzip} kB`);
});
