import type { LoadOptions, Model, ModelSource, Pipeline, TaskOptions, WorkerLike } from "./index.js";

export { AlbertError } from "./index.js";

export interface ClassifierOptions
  extends LoadOptions,
    Pick<TaskOptions, "top_k" | "function_to_apply" | "truncation" | "max_length"> {
  /** The model. */
  model: ModelSource | Model;
  /** Runs in a worker: `true`, or one that was started from `albert-edge/worker`. */
  worker?: boolean | WorkerLike;
}

/** As `pipeline("text-classification", options)`, with a module for this task alone. */
export function classifier(options: ClassifierOptions): Promise<Pipeline<"text-classification">>;
