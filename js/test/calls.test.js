// Calls of pipelines, on this thread and in a worker: lists, streams, signals, second texts, closing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { Worker } from "node:worker_threads";
import { AlbertError, Model, pipeline } from "albert-edge";
import { expected, same } from "./support/same.js";
import { CONFORMANCE, INTENTS, recorded, serve } from "./support/server.js";

const conformance = (name) => path.join(CONFORMANCE, name);
const TEXTS = ["play some jazz", "what is the weather like", "set an alarm for six"];

for (const worker of [false, true]) {
  const where = worker ? "in a worker" : "here";
  const intents = (options = {}) => pipeline("text-classification", { model: INTENTS, worker, ...options });

  test(`lists, in order, ${where}`, async (t) => {
    const classify = await intents();
    t.after(() => classify.close());
    const seen = [];
    const results = await classify(TEXTS, { top_k: 2, onResult: (result, index) => seen.push([index, result[0].label]) });
    assert.deepEqual(results.map((result) => result.length), [2, 2, 2]);
    assert.deepEqual(seen, results.map(([{ label }], index) => [index, label]));
    assert.deepEqual(results[1], await classify(TEXTS[1], { top_k: 2 }));
    assert.deepEqual(await classify([]), []);
    assert.ok((await classify.memory()) > 2e6);
  });

  test(`streams of any iterable, ${where}`, async (t) => {
    const classify = await intents();
    t.after(() => classify.close());
    async function* later() {
      for (const text of TEXTS) yield text;
    }
    for (const inputs of [TEXTS, new Set(TEXTS), later()]) {
      const labels = [];
      for await (const [{ label }] of classify.stream(inputs)) labels.push(label);
      assert.deepEqual(labels, ["play_music", "weather", "alarm"]);
    }
    // One that never ends.
    function* endless() {
      for (;;) yield TEXTS[0];
    }
    let count = 0;
    for await (const _ of classify.stream(endless())) {
      count += 1;
      if (count === 5) break;
    }
    assert.equal(count, 5);
  });

  test(`a signal ends a call, ${where}`, async (t) => {
    const classify = await intents();
    t.after(() => classify.close());
    const ending = new AbortController();
    const reason = new Error("enough");
    let results = 0;
    const call = classify(Array(1000).fill(TEXTS[0]), {
      signal: ending.signal,
      onResult: () => {
        results += 1;
        if (results === 3) ending.abort(reason);
      },
    });
    await assert.rejects(call, (error) => error === reason);
    assert.equal(results, 3);
    await assert.rejects(classify(Array(1000).fill("a"), { signal: AbortSignal.timeout(5) }), { name: "TimeoutError" });
    // It goes on.
    assert.equal((await classify(TEXTS[1]))[0].label, "weather");
  });

  test(`tasks with a second text, ${where}`, async () => {
    const second = { "zero-shot-classification": "candidate_labels", "question-answering": "context", "multiple-choice": "choices", reranking: "documents" };
    let compared = 0;
    for (const { task, model, head, options, request, response } of recorded.cases) {
      const field = second[task] ?? "text_pair";
      if (request[field] === undefined) continue;
      const pipe = await pipeline(task, { model: conformance(model), head: head && conformance(head), worker, ...options });
      assert.ok(same(await pipe(request.question ?? request.text, request[field]), expected(response)), task);
      pipe.close();
      compared += 1;
    }
    assert.ok(compared >= 8);
  });

  test(`vectors are Float32Arrays, ${where}`, async () => {
    const { request, response } = recorded.cases.find(({ task }) => task === "sentence-embedding");
    const embed = await pipeline("sentence-embedding", { model: conformance("encoder.albert"), worker });
    const [first, again] = await embed([request.text, request.text]);
    assert.ok(first instanceof Float32Array);
    assert.deepEqual([first, again], [expected(response), expected(response)]);
    embed.close();
  });

  test(`the task of the head, ${where}`, async () => {
    const pipe = await pipeline(undefined, { model: conformance("token-classification.albert"), worker });
    assert.equal(pipe.task, "token-classification");
    assert.equal(pipe.info.tasks[0], "token-classification");
    pipe.close();
    await assert.rejects(pipe("a"), AlbertError);
  });

  test(`failures while opening, ${where}`, async () => {
    await assert.rejects(intents({ model: conformance("README.md") }), AlbertError);
    await assert.rejects(intents({ doc_stride: 3 }), /doc_stride/);
    await assert.rejects(intents({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
  });

  test(`progress and the end of a download, ${where}`, async (t) => {
    const server = await serve({ "/": path.dirname(INTENTS) });
    t.after(server.close);
    const told = [];
    const model = `${server.url}/${path.basename(INTENTS)}`;
    const classify = await intents({ model, progress: (...amounts) => told.push(amounts) });
    assert.deepEqual(told.at(-1), [classify.info.file_bytes, classify.info.file_bytes]);
    classify.close();
    const ending = new AbortController();
    const reason = new Error("enough");
    const opening = intents({ model, signal: ending.signal, progress: () => ending.abort(reason) });
    await assert.rejects(opening, (error) => error === reason);
  });
}

test("a worker of one's own serves several pipelines", async (t) => {
  const worker = new Worker(new URL(import.meta.resolve("albert-edge/worker")));
  t.after(() => worker.terminate());
  const [classify, tag] = await Promise.all([
    pipeline("text-classification", { model: readFileSync(INTENTS), worker }),
    pipeline(undefined, { model: new Blob([readFileSync(conformance("token-classification.albert"))]), worker }),
  ]);
  const [[{ label }], entities] = await Promise.all([classify(TEXTS[1]), tag("Anna lives in London")]);
  assert.equal(label, "weather");
  assert.ok(entities.length > 0);
  classify.close();
  await assert.rejects(classify("a"), AlbertError);
  assert.deepEqual(await tag("Anna lives in London"), entities);
});

test("an open model does not move to a worker", async () => {
  const model = await Model.load(INTENTS);
  await assert.rejects(pipeline(undefined, { model, worker: true }), /give its URL/);
});

test("more options than are kept", async () => {
  const classify = await pipeline("text-classification", { model: INTENTS });
  for (let top_k = 1; top_k <= 40; top_k += 1) assert.equal((await classify("a", { top_k })).length, top_k);
  assert.equal((await classify("a", { top_k: 1 })).length, 1);
});
