/** What went wrong, in one sentence. */
export class AlbertError extends Error {}

/** Where a model file is. */
export type ModelSource = string | URL | ArrayBuffer | ArrayBufferView | Blob | Response;

/** Where the WebAssembly module is. */
export type WasmSource = string | URL | ArrayBuffer | ArrayBufferView | Response | WebAssembly.Module;

export interface LoadOptions {
  /** The module, when it is not to be the one of this package. */
  wasm?: WasmSource;
  /** Bytes that have arrived and, when the server says so, of how many. */
  progress?: (loaded: number, total: number | undefined) => void;
  /** Ends the download. */
  signal?: AbortSignal;
  /** Name of the cache that keeps downloads, or false for none. Default: `albert-edge`. */
  cache?: string | false;
  /** SHA-256 of the model file in hexadecimal. */
  checksum?: string;
}

export interface OpenOptions extends LoadOptions {
  /** A head file of `albert fit --head-only`, in place of the model's own head. */
  head?: ModelSource;
}

export interface ModelInfo {
  /** The tasks that the model's head serves, its own first. */
  tasks: TaskName[];
  labels: string[];
  config: {
    vocab_size: number;
    hidden_size: number;
    num_hidden_layers: number;
    num_attention_heads: number;
    max_position_embeddings: number;
  };
  /** Longest input in tokens. */
  max_tokens: number;
  has_tokenizer: boolean;
  /** Where the model comes from (JSON text), or "". */
  provenance: string;
  file_bytes: number;
  /** The kernel set in use: `simd128`, `relaxedu8` or `relaxedi8`. */
  isa: string;
}

/** An open model. */
export class Model {
  private constructor();
  static load(source: ModelSource, options?: OpenOptions): Promise<Model>;
  readonly info: ModelInfo;
  /** A runner of a task on this thread, synchronous. */
  task<T extends TaskName>(task?: T, options?: TaskOptions): Runner<T>;
  /** Ids and token types of a text or a pair, special tokens included. */
  tokenize(text: string, text_pair?: string): { input_ids: number[]; token_type_ids: number[] };
  /** The head's logits for an input: `[labels]`, or `[tokens][labels]`, one row after the other. */
  logits(input: string | Request, text_pair?: string): Float32Array;
  /** Compares the file's checksum with its bytes; throws when they differ. */
  verify(): void;
  /** Bytes of the module's memory, the model's counted. */
  readonly memoryBytes: number;
  /** Gives the memory back; tasks that are open go on. */
  close(): void;
}

/** Labels that are taught by a few examples each: a text has the label whose examples' embeddings have the nearest mean. */
export class Prototypes {
  private constructor();
  /** Prototypes of up to `labels` labels, numbers from 0, over embeddings of `width` elements; they know nothing yet. */
  static create(labels: number, width: number, options?: { wasm?: WasmSource }): Promise<Prototypes>;
  /** What `toBytes` gave, here or on another device. */
  static fromBytes(bytes: Uint8Array, options?: { wasm?: WasmSource }): Promise<Prototypes>;
  /** The bytes to keep. */
  toBytes(): Uint8Array;
  /** Teaches a label one more example. */
  add(label: number, embedding: ArrayLike<number>): void;
  /** Forgets all examples of a label. */
  forget(label: number): void;
  /** Examples that a label was taught with. */
  examples(label: number): number;
  /** The label whose mean is nearest, the first of equals; null when no label has been taught. */
  nearest(embedding: ArrayLike<number>): { label: number; cosine: number } | null;
  /** Gives the memory back. */
  close(): void;
}

export interface Runner<T extends TaskName> {
  readonly name: T;
  run(input: string | Request, second?: string | string[]): Result[T];
  close(): void;
}

/** Starts the WebAssembly module, from elsewhere when a source is given, for all that follows; `pipeline` does it when needed. */
export function init(source?: WasmSource): Promise<unknown>;

/** The bytes of a model file: with progress, resumed after a broken connection, kept in the Cache API. */
export function fetchModel(source: ModelSource, options?: Omit<LoadOptions, "wasm">): Promise<Uint8Array>;

/** Options of the tasks, with the names of the Hugging Face pipelines; a task refuses those that it does not have. */
export interface TaskOptions {
  top_k?: number;
  function_to_apply?: "default" | "softmax" | "sigmoid" | "none";
  hypothesis_template?: string;
  multi_label?: boolean;
  entailment_label?: string;
  candidate_labels?: string[];
  aggregation_strategy?: "none" | "simple" | "first" | "average" | "max";
  stride?: number;
  targets?: string[];
  max_seq_len?: number;
  doc_stride?: number;
  max_answer_len?: number;
  align_to_words?: boolean;
  handle_impossible_answer?: boolean;
  normalize?: boolean;
  truncation?: "longest_first" | "only_first" | "only_second" | "do_not_truncate";
  max_length?: number;
}

/** An input; which fields there must be is up to the task. */
export interface Request {
  text?: string;
  text_pair?: string;
  question?: string;
  context?: string;
  choices?: string[];
  targets?: string[];
  candidate_labels?: string[];
  /** Reranking: in place of `text`. */
  query?: string;
  documents?: string[];
  input_ids?: number[];
  token_type_ids?: number[];
}

export interface Label {
  label: string;
  score: number;
}

/** Offsets count Unicode characters, not UTF-16 units. */
export interface Entity {
  entity?: string;
  entity_group?: string;
  score: number;
  index?: number;
  word: string;
  start: number;
  end: number;
}

export interface Result {
  "text-classification": Label[];
  "zero-shot-classification": { sequence: string; labels: string[]; scores: number[] };
  "token-classification": Entity[];
  "question-answering": { score: number; start: number; end: number; answer: string }[];
  "fill-mask": { score: number; token: number; token_str: string; sequence: string; mask?: number }[];
  "multiple-choice": { label: string; score: number; index: number }[];
  "sentence-order": Label;
  /** `[tokens][hidden_size]`, one row after the other. */
  "feature-extraction": Float32Array;
  /** `[hidden_size]`. */
  "sentence-embedding": Float32Array;
  reranking: { corpus_id: number; score: number; text: string }[];
}

export type TaskName = keyof Result;

export interface CallOptions<R = unknown> extends TaskOptions {
  /** Ends the call; a text that is being run on this thread is finished first. */
  signal?: AbortSignal;
  /** Lists: called with each result as it comes. */
  onResult?: (result: R, index: number) => void;
}

export interface Pipeline<T extends TaskName> {
  /** One input; tasks with two take the second one behind it: `answer(question, context)`, `rank(query, documents)`. */
  (input: string | Request, options?: CallOptions<Result[T]>): Promise<Result[T]>;
  (input: string, second: string | string[], options?: CallOptions<Result[T]>): Promise<Result[T]>;
  /** Inputs; the results in their order. */
  (inputs: (string | Request)[], options?: CallOptions<Result[T]>): Promise<Result[T][]>;
  /** Results one by one. */
  stream(
    inputs: Iterable<string | Request> | AsyncIterable<string | Request>,
    options?: CallOptions<Result[T]>,
  ): AsyncGenerator<Result[T], void, void>;
  readonly info: ModelInfo;
  readonly task: T;
  /** Bytes of the module's memory, the model's counted. */
  memory(): Promise<number>;
  /** Gives model and worker back. */
  close(): void;
}

/** A `Worker` of browsers and Deno, or one of Node's `worker_threads`. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

export interface PipelineOptions extends TaskOptions, OpenOptions {
  /** The model. */
  model: ModelSource | Model;
  /** Runs in a worker: `true`, or one that was started from `albert-edge/worker`. */
  worker?: boolean | WorkerLike;
}

/** A function that runs a task. */
export function pipeline<T extends TaskName>(task: T, options: PipelineOptions): Promise<Pipeline<T>>;
/** The task that the model's head is made for. */
export function pipeline(task: undefined, options: PipelineOptions): Promise<Pipeline<TaskName>>;
