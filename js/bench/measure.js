// What is measured of an engine; runs in Chromium and in Node.

import { ENGINES, ids } from "./engines.js";

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Milliseconds of each engine before it is timed. */
const WARM_UP = 1000;

/** Medians of milliseconds a call by engine and length, over `rounds` turns, and the largest difference of logits. */
export async function compare(places, geometry, names, lengths, rounds) {
  const opened = [];
  for (const name of names) opened.push({ name, ...(await ENGINES[name](places, geometry)) });
  const result = { isa: Object.fromEntries(opened.map(({ name, isa }) => [name, isa])), lengths: [] };
  for (const tokens of lengths) {
    const input = ids(tokens);
    const rows = opened.map(({ name, run }) => ({ name, run, times: [], logits: undefined }));
    // Engines compile their best code after some work, beside the calls.
    for (const row of rows) {
      const end = performance.now() + WARM_UP;
      do row.logits = [...(await row.run(input))];
      while (performance.now() < end);
    }
    await new Promise((resolve) => setTimeout(resolve, WARM_UP / 2));
    // Short calls are counted in groups: clocks of pages are coarse.
    const calls = await groups(rows, input);
    for (let round = 0; round < rounds; round += 1) {
      // Everyone comes first once.
      const turn = rows.map((_, place) => rows[(place + round) % rows.length]);
      for (const row of turn) {
        const start = performance.now();
        for (let call = 0; call < calls; call += 1) await row.run(input);
        row.times.push((performance.now() - start) / calls);
      }
    }
    const [first] = rows;
    const apart = rows.map(({ logits }) => Math.max(...logits.map((logit, place) => Math.abs(logit - first.logits[place]))));
    result.lengths.push({
      tokens,
      milliseconds: Object.fromEntries(rows.map(({ name, times }) => [name, median(times)])),
      apart: Math.max(...apart),
    });
  }
  return result;
}

async function groups(rows, input) {
  const start = performance.now();
  await rows[0].run(input);
  return Math.max(1, Math.round(20 / (performance.now() - start)));
}

/** From nothing to a first result: milliseconds until the model is open, and until its logits are there; megabytes of memory. */
export async function begin(places, geometry, name, tokens) {
  const memories = watchMemories();
  const start = performance.now();
  const { run } = await ENGINES[name](places, geometry);
  const load = performance.now() - start;
  await run(ids(tokens));
  const first = performance.now() - start;
  const bytes = [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  return { load, first, megabytes: bytes / 1e6 };
}

/** The memories of modules that are started from now on. */
function watchMemories() {
  const memories = new Set();
  const keep = (instance) => {
    for (const each of Object.values(instance.exports)) if (each instanceof WebAssembly.Memory) memories.add(each);
  };
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (source, imports) => {
      const made = await original(source, imports);
      keep(made.instance ?? made);
      for (const each of Object.values(imports ?? {}).flatMap((space) => Object.values(space))) {
        if (each instanceof WebAssembly.Memory) memories.add(each);
      }
      return made;
    };
  }
  return memories;
}
