// Runs in the browser: what `browser.test.js` asks of the package. Served under a strict policy, beside the package.

import { Model, pipeline } from "/dist/index.js";
import { classifier } from "/dist/classify.js";
import { hasRelaxedSimd } from "/dist/features.js";
import { expected, rerun, same } from "./same.js";

const recorded = async () => (await fetch("/conformance/conformance.json")).json();

/** Names of the cases that differ, how many there were, and the kernel set. */
export async function conformance(build, worker) {
  const { cases } = await recorded();
  const differing = [];
  let isa;
  for (const { model, head, task, options, request, response, name } of cases) {
    const wasm = build && `/dist/${build}`;
    const pipe = await pipeline(task, { model: `/conformance/${model}`, head: head && `/conformance/${head}`, worker, wasm, ...options });
    if (!same(await pipe(request), expected(response))) differing.push(name);
    isa = pipe.info.isa;
    pipe.close();
  }
  return { differing, cases: cases.length, isa };
}

/** The recorded runs that differ. */
export async function runs(build) {
  const { runs: all } = await recorded();
  const differing = [];
  for (const run of all) {
    const model = await Model.load(`/conformance/${run.model}`, { wasm: `/dist/${build}`, head: run.head && `/conformance/${run.head}` });
    if (!same(rerun(model, run), run)) differing.push(run);
    model.close();
  }
  return { differing, runs: all.length };
}

export function detected() {
  return { relaxed: hasRelaxedSimd(), simd: WebAssembly.validate(new Uint8Array()) };
}

/** Whether the policy forbids to make code of text. */
export function evalIsForbidden() {
  try {
    new Function("return 1")();
    return false;
  } catch {
    return true;
  }
}

/** The best label of a text by a model. */
export async function classify(model, settings = {}) {
  const pipe = await pipeline("text-classification", { model, ...settings });
  const [{ label }] = await pipe("what is the weather like in tokyo");
  pipe.close();
  return label;
}

/** The same by the module for this task alone. */
export async function classifyAlone(model, settings = {}) {
  const classify = await classifier({ model, ...settings });
  const [{ label }] = await classify("what is the weather like in tokyo");
  classify.close();
  return label;
}

/** How a failure is told. */
export async function failure(model, settings) {
  try {
    await classify(model, settings);
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
  return undefined;
}

/** Puts other bytes in the place of a model that was kept. */
export async function damageCache(url, change) {
  const cache = await caches.open("albert-edge");
  const key = new URL(url, location.href).href;
  const bytes = new Uint8Array(await (await cache.match(key)).arrayBuffer());
  const kept = change === "cut" ? bytes.slice(0, 5000) : bytes.map((byte, index) => (index === bytes.length - 5000 ? byte ^ 1 : byte));
  await cache.put(key, new Response(kept));
}

export async function isKept(url) {
  return (await (await caches.open("albert-edge")).match(new URL(url, location.href).href)) !== undefined;
}

/** Longest time that the page could not do anything while texts ran. */
export async function longestPause(worker) {
  const pipe = await pipeline("text-classification", { model: "/models/clinc-intents-int8.albert", worker });
  await pipe("warm");
  let last = performance.now();
  let longest = 0;
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 1);
  await pipe(Array(50).fill("a rather long text ".repeat(30)));
  look();
  clearInterval(timer);
  pipe.close();
  return longest;
}

/** Whether a fit gives the report and the head file of a record. */
export async function fitted(url) {
  const { fit } = await import("/dist/fit.js");
  const record = await (await fetch(url)).json();
  const { report, headFile } = await fit(`/${record.encoder}`, record.examples, record.options);
  const hex = Array.from(headFile, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { report: same(report, JSON.parse(record.report)), head: hex === record.head };
}
