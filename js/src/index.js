// ALBERT models in the browser, Node, Deno and workers.
//
//   import { pipeline } from "albert-edge";
//   const classify = await pipeline("text-classification", { model: "/clinc-intents-int8.albert", worker: true });
//   await classify("what is the weather like", { top_k: 3 });

// What these import is named here, too, so that a browser asks for all at once and not for one after the other.
import "./builds.js";
import "./checksum.js";
import "./download.js";
import "./features.js";
import "./instantiate.js";
import "./location.js";
import "./port.js";
import "./request.js";

import { AlbertError } from "./error.js";
import { init } from "./engine.js";
import { fetchModel } from "./fetch-model.js";
import { Model } from "./model.js";
import { Prototypes } from "./prototypes.js";
import { connect } from "./remote.js";
import { Tasks } from "./tasks.js";
import { until } from "./until.js";

export { AlbertError, Model, Prototypes, init, fetchModel };

/**
 * A function that runs a task.
 *
 * The model is a URL, bytes, a `Response`, a `Blob` or a `Model`; `head` is a head file in place of its own head; everything else in `options` is an option of the task, with
 * the names of the Hugging Face pipelines. With `worker: true` the module runs in a worker of its own and the page stays
 * responsive.
 */
export async function pipeline(task, { model, head, worker = false, wasm, progress, cache, checksum, signal, ...options } = {}) {
  if (model === undefined) throw new AlbertError("no model: give pipeline() a model as URL, bytes or Model");
  const source = { model, head, wasm, progress, cache, checksum, signal };
  const backend = worker ? await connect(worker, task, source, options) : await local(task, source, options);
  return callable(backend);
}

/** The task on this thread. */
async function local(task, { model, ...settings }, options) {
  const owned = !(model instanceof Model);
  if (!owned && settings.head !== undefined) throw new AlbertError("the model is open: give the head to Model.load");
  const opened = owned ? await Model.load(model, settings) : model;
  const close = () => {
    if (owned) opened.close();
  };
  try {
    const tasks = new Tasks(opened, task, options);
    return {
      info: opened.info,
      task: tasks.name,
      // A turn of the event loop before each text: pages can draw, and signals arrive.
      run: async (input, second, changes) => {
        await turn();
        return tasks.run(input, second, changes);
      },
      memory: async () => opened.memoryBytes,
      close: () => {
        tasks.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Lets the event loop turn once. */
function turn() {
  if (globalThis.setImmediate) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function callable(backend) {
  const one = async (input, second, { signal, onResult, ...changes }) => {
    signal?.throwIfAborted();
    return until(signal, backend.run(input, second, changes));
  };
  const call = async (input, ...rest) => {
    const options = isOptions(rest.at(-1)) ? rest.pop() : {};
    if (!Array.isArray(input)) return one(input, rest[0], options);
    const results = [];
    for (const item of input) {
      const result = await one(item, rest[0], options);
      options.onResult?.(result, results.length);
      results.push(result);
    }
    return results;
  };
  /** Results one by one, of any iterable or async iterable of inputs. */
  call.stream = async function* (inputs, options = {}) {
    for await (const input of inputs) yield await one(input, undefined, options);
  };
  call.info = backend.info;
  call.task = backend.task;
  /** Bytes of the module's memory, the model's counted. */
  call.memory = () => backend.memory();
  call.close = () => backend.close();
  return call;
}

function isOptions(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
