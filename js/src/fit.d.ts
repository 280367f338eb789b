import type { LoadOptions, ModelSource } from "./index.js";

export { AlbertError } from "./index.js";

/** A text, or a pair of texts, and what it is. */
export interface Example {
  text: string;
  /** Second text of a pair. */
  pair?: string;
  /** A label, or for a classifier of several labels any number. */
  label: string | string[];
}

/** How far a fit is: examples that went through the encoder, or folds, once for each kind of pooling. */
export interface FitProgress {
  stage: "examples" | "folds";
  done: number;
  total: number;
}

/** Options with the names of the command `albert fit`. What is left out is as it is best on held-out examples, or as the command has it. */
export interface FitOptions extends Pick<LoadOptions, "cache" | "checksum"> {
  pooling?: "mean" | "first-token" | "pooler" | "max" | "mean-sqrt";
  /** Strength of the penalty, above 0. */
  strength?: number;
  /** Folds of the cross-validation, 2 or more. */
  folds?: number;
  /** All labels count the same, however many examples they have. */
  balanced?: boolean;
  /** Whether an example may have several labels. */
  multi_label?: boolean;
  /** The share of texts in scope that may be called out of scope; sets the threshold. */
  reject?: number;
  /** Label of examples that are out of scope: it is not learned, but sets the threshold. */
  out_of_scope_label?: string;
  /** Most tokens of a text; longer ones are cut. */
  max_length?: number;
  /** Decides which examples are held out together. */
  seed?: number;
  /** Weights in f32 instead of int8. */
  float?: boolean;
  /** Hears how far it is. */
  progress?: (at: FitProgress) => void;
  /** Ends it at once. */
  signal?: AbortSignal;
  /** The module, when it is not to be the one of this package. */
  wasm?: string | URL | ArrayBuffer | ArrayBufferView | WebAssembly.Module;
}

/** What held-out examples say, with the names of `albert fit --json`; every figure is of examples that the classifier that answered had not seen. */
export interface FitReport {
  examples: number;
  multi_label: boolean;
  pooling: string;
  strength: number;
  /** Logits are divided by it on their way to scores. */
  temperature: number;
  /** 0 for none. */
  threshold: number;
  /** Share of right answers, and its standard deviation over the folds. */
  accuracy: number;
  accuracy_deviation: number;
  /** Mean F1 of the labels, and its standard deviation over the folds. */
  macro_f1: number;
  macro_f1_deviation: number;
  /** Mean loss at the temperature. */
  loss: number;
  /** How far scores are from the share of right answers, on average. */
  calibration_error: number;
  folds: { rows: number; accuracy: number; macro_f1: number }[];
  labels: { label: string; examples: number; precision: number; recall: number; f1: number }[];
  /** How often scores of some size are right. */
  reliability: { from: number; to: number; rows: number; score: number; accuracy: number }[];
  /** Wrong answers, the most frequent first. */
  confusions: { label: string; answer: string; rows: number; texts: string[] }[];
  out_of_scope: { examples: number; rejected: number; rejected_in_scope: number } | null;
  /** Everything that was tried, the best first. */
  tried: { pooling: string; strength: number; loss: number; accuracy: number }[];
}

export interface Fitted {
  /** The classifier alone: `head` of `pipeline` and `Model.load`, beside the encoder. */
  headFile: Uint8Array;
  /** The encoder with the classifier in place of its own head. */
  modelFile: Uint8Array;
  report: FitReport;
}

/** Fits a classifier on examples, in a worker of its own. The same encoder, examples and options give the same bytes everywhere. */
export function fit(model: ModelSource, examples: Example[], options?: FitOptions): Promise<Fitted>;
