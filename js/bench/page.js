// Runs in the browser: times calls of both builds, one after the other in turns.

import { Model } from "/dist/index.js";

/** Medians of milliseconds a call by build, over `rounds` turns of `calls` calls each. */
export async function compare(model, request, builds, rounds, calls) {
  const runners = [];
  for (const build of builds) {
    const opened = await Model.load(model, { wasm: `/dist/${build}`, cache: false });
    runners.push({ build, opened, run: opened.task("text-classification"), times: [] });
  }
  for (const { run } of runners) for (let call = 0; call < 10; call += 1) run.run(request);
  // The engine's best code arrives while the first calls run.
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let round = 0; round < rounds; round += 1) {
    for (const { run, times } of runners) {
      const start = performance.now();
      for (let call = 0; call < calls; call += 1) run.run(request);
      times.push((performance.now() - start) / calls);
    }
  }
  return runners.map(({ build, opened, times }) => ({
    build,
    isa: opened.info.isa,
    milliseconds: times.sort((a, b) => a - b)[times.length >> 1],
    megabytes: opened.memoryBytes / 1e6,
  }));
}
