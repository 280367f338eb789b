// The other end of a pipeline with `worker`: opens models and runs requests, one after another.

import { Model } from "./model.js";
import { answer } from "./port.js";
import { Tasks } from "./tasks.js";

const pipelines = new Map();
/** What ends the openings that are under way. */
const openings = new Map();
let next = 0;

/** Answers what comes through a port. */
function serve(port) {
  const answers = {
    async open(id, { task, options, model, settings, progress }) {
      const ending = new AbortController();
      openings.set(id, ending);
      const tell = progress ? (loaded, total) => port.postMessage({ id, loaded, total }) : undefined;
      try {
        const opened = await Model.load(model, { ...settings, progress: tell, signal: ending.signal });
        return keep(opened, task, options);
      } finally {
        openings.delete(id);
      }
    },
    run: (_, { pipeline, input, second, changes }) => pipelines.get(pipeline).tasks.run(input, second, changes),
    memory: (_, pipeline) => pipelines.get(pipeline).opened.memoryBytes,
    close: (_, pipeline) => {
      pipelines.get(pipeline)?.close();
      pipelines.delete(pipeline);
    },
    abort: (_, id) => openings.get(id)?.abort(),
  };
  return async ({ id, kind, value }) => {
    try {
      const result = await answers[kind](id, value);
      port.postMessage({ id, result }, result instanceof Float32Array ? [result.buffer] : []);
    } catch (error) {
      port.postMessage({ id, error: error.message });
    }
  };
}

function keep(opened, task, options) {
  try {
    const tasks = new Tasks(opened, task, options);
    const close = () => {
      tasks.close();
      opened.close();
    };
    next += 1;
    pipelines.set(next, { opened, tasks, close });
    return { pipeline: next, info: opened.info, task: tasks.name };
  } catch (error) {
    opened.close();
    throw error;
  }
}

answer(serve);
