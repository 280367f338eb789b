// A classifier from a few examples, made where they are.
//
//   import { fit } from "albert-edge/fit";
//   const { headFile, report } = await fit("encoder.albert", [{ text: "play some jazz", label: "music" }, …]);
//   const classify = await pipeline("text-classification", { model: "encoder.albert", head: headFile });

import { AlbertError } from "./error.js";
import { fetchModel } from "./fetch-model.js";
import { locate } from "./location.js";
import { Model } from "./model.js";
import { listen } from "./port.js";
import { until } from "./until.js";

export { AlbertError };

/**
 * Fits a classifier on examples, in a worker that ends with it.
 *
 * @param model the encoder: a URL, bytes, a `Response` or a `Blob`; a head that it has does not matter
 * @param examples objects `{text, label}`, as lines of the command's files: `label` may be a list, `pair` is a second text
 * @param options `progress({stage, done, total})`, `signal`, `float` (weights in f32), `wasm`, `cache` and `checksum` (as for a
 *   model); the others are the command's
 */
export async function fit(model, examples, { signal, progress, float = false, wasm, cache, checksum, ...options } = {}) {
  if (model instanceof Model) throw new AlbertError("a model that is open on this thread cannot move to a worker; give its URL");
  const encoder = await fetchModel(model, { signal, cache, checksum });
  const worker = await startWorker();
  let stop;
  const answer = new Promise((resolve, reject) => {
    const receive = ({ at, result, error }) => {
      if (at !== undefined) progress?.(at);
      else if (error !== undefined) reject(new AlbertError(error));
      else resolve(result);
    };
    stop = listen(worker, receive, (error) => reject(new AlbertError(`the worker failed: ${error.message ?? "no reason given"}`)));
    const module = typeof wasm === "string" || wasm instanceof URL ? locate(wasm).href : wasm;
    worker.postMessage({ encoder, examples: JSON.stringify(examples), options: JSON.stringify(options), float, wasm: module });
  });
  try {
    return await until(signal, answer);
  } finally {
    stop();
    worker.terminate();
  }
}

/** Bundlers find the file by this form. */
async function startWorker() {
  if (globalThis.Worker) return new Worker(new URL("./fit-worker.js", import.meta.url), { type: "module" });
  const { Worker: NodeWorker } = await import("node:worker_threads");
  return new NodeWorker(new URL("./fit-worker.js", import.meta.url));
}
