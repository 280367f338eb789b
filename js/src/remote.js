// A pipeline in a worker: requests go there, results come back.

import { AlbertError } from "./error.js";
import { fetchModel } from "./fetch-model.js";
import { locate } from "./location.js";
import { Model } from "./model.js";
import { listen } from "./port.js";
import { until } from "./until.js";

/** A backend in a worker: a new one for `true`, or one that the caller has started from `albert-edge/worker`. */
export async function connect(worker, task, { signal, progress, model, ...settings }, options) {
  if (model instanceof Model) throw new AlbertError("a model that is open on this thread cannot move to a worker; give its URL");
  signal?.throwIfAborted();
  // A response cannot move to a worker; its bytes can.
  if (model instanceof Response) model = await fetchModel(model, { signal, progress });
  if (settings.head instanceof Response) settings.head = await fetchModel(settings.head, { signal });
  const line = new Line(worker === true ? await startWorker() : worker, worker === true);
  const sent = { model: absolute(model), settings: { ...settings, head: absolute(settings.head), wasm: absolute(settings.wasm) } };
  const { id, answer } = line.ask("open", { task, options, ...sent, progress: progress !== undefined }, progress);
  let opened;
  try {
    opened = await until(signal, answer);
  } catch (error) {
    line.tell("abort", id);
    line.close();
    throw error;
  }
  return {
    info: opened.info,
    task: opened.task,
    run: (input, second, changes) => line.ask("run", { pipeline: opened.pipeline, input, second, changes }).answer,
    memory: () => line.ask("memory", opened.pipeline).answer,
    close: () => {
      line.tell("close", opened.pipeline);
      line.close();
    },
  };
}

/** A worker has another base. */
const absolute = (source) => (typeof source === "string" || source instanceof URL ? locate(source).href : source);

/** Questions to a worker, and who waits for the answers. */
class Line {
  #worker;
  /** Whether the worker ends with the line. */
  #owned;
  #waiting = new Map();
  #closed = false;
  #stop;

  constructor(worker, owned) {
    this.#worker = worker;
    this.#owned = owned;
    const failed = (error) => this.#fail(new AlbertError(`the worker failed: ${error.message ?? "no reason given"}`));
    this.#stop = listen(worker, (message) => this.#receive(message), failed);
  }

  ask(kind, value, progress) {
    const id = `${kind}-${crypto.randomUUID?.() ?? Math.random()}`;
    const answer = new Promise((resolve, reject) => {
      if (this.#closed) return reject(new AlbertError("the pipeline is closed"));
      this.#waiting.set(id, { resolve, reject, progress });
      return this.#worker.postMessage({ id, kind, value });
    });
    return { id, answer };
  }

  /** As `ask`, without waiting for the answer. */
  tell(kind, value) {
    if (!this.#closed) this.#worker.postMessage({ id: 0, kind, value });
  }

  close() {
    if (this.#closed) return;
    this.#fail(new AlbertError("the pipeline is closed"));
    this.#closed = true;
    this.#stop();
    if (this.#owned) this.#worker.terminate();
  }

  #receive({ id, result, error, loaded, total }) {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (loaded !== undefined) {
      waiting.progress?.(loaded, total);
      return;
    }
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new AlbertError(error));
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Bundlers find the file by this form. */
async function startWorker() {
  if (globalThis.Worker) return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const { Worker: NodeWorker } = await import("node:worker_threads");
  return new NodeWorker(new URL("./worker.js", import.meta.url));
}
