// Runs under Deno: the recorded cases that differ, and whether a classifier is fitted with the recorded bytes, as JSON.

import { fit } from "../../dist/fit.js";
import { pipeline } from "../../dist/index.js";
import { expected, same } from "./same.js";

const folder = new URL("../../../conformance/", import.meta.url);
const { cases } = JSON.parse(await Deno.readTextFile(new URL("conformance.json", folder)));

async function run(build, worker) {
  const wasm = build && new URL(`../../dist/${build}`, import.meta.url);
  const differing = [];
  let isa;
  for (const { model, head, task, options, request, response, name } of cases) {
    const pipe = await pipeline(task, { model: new URL(model, folder), head: head && new URL(head, folder), worker, wasm, ...options });
    if (!same(await pipe(request), expected(response))) differing.push(name);
    isa = pipe.info.isa;
    pipe.close();
  }
  return { build: build ?? "the detected build", worker, isa, cases: cases.length, differing };
}

const results = [await run("albert.wasm", false), await run("albert-relaxed.wasm", false), await run(undefined, true)];
const root = new URL("../../../", import.meta.url);
const record = JSON.parse(await Deno.readTextFile(new URL("albert-fit/tests/data/portable.json", root)));
const { headFile } = await fit(new URL(record.encoder, root), record.examples, record.options);
console.log(JSON.stringify({ results, fitted: Array.from(headFile, (byte) => byte.toString(16).padStart(2, "0")).join("") === record.head }));
