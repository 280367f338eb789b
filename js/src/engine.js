// The WebAssembly module: started once, its functions with JavaScript's values.

import { everyTask } from "./builds.js";
import { AlbertError } from "./error.js";
import { instantiate } from "./instantiate.js";

/** The engine of everything that is not given one. */
let shared;

/**
 * Starts the module for all that follows: from a URL, bytes, a `Response` or a `WebAssembly.Module`; without one, the build of
 * this package that the engine can run. Nothing but that file is fetched. It is started once, so later calls without an argument
 * are free.
 */
export function init(source) {
  if (source !== undefined || shared === undefined) {
    const starting = start(source);
    shared = starting;
    starting.catch(() => {
      if (shared === starting) shared = undefined;
    });
  }
  return shared;
}

/** An engine of its own from a source, or the shared one. */
export const engineFrom = (source) => (source === undefined ? init() : start(source));

const start = async (source = everyTask()) => new Engine(await instantiate(source));

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const bytesOf = (floats) => new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);

/** The shortest decimal fraction that has these bits as an f32: what the other module writes. */
function fromBits(bits) {
  const [exact] = new Float32Array(Uint32Array.of(bits).buffer);
  for (let digits = 1; digits < 9; digits += 1) {
    const score = Number(exact.toPrecision(digits));
    if (Math.fround(score) === exact) return score;
  }
  return Number(exact.toPrecision(9));
}

export class Engine {
  #exports;

  constructor(exports) {
    this.#exports = exports;
  }

  /** Copies a model file into the module's memory and opens it. */
  open(bytes) {
    const start = this.#copy(bytes);
    return this.#handle(this.#exports.albert_model(start, bytes.byteLength));
  }

  /** The encoder of a model with the classifier of a head file; a model of its own that shares the memory. */
  withHead(model, bytes) {
    const start = this.#copy(bytes);
    return this.#handle(this.#exports.albert_with_head(model, start, bytes.byteLength));
  }

  verify(model) {
    if (!this.#exports.albert_verify(model)) throw this.#error();
  }

  info(model) {
    this.#exports.albert_info(model);
    return JSON.parse(this.#text());
  }

  tokens(model, request) {
    return this.#withJson(request, (json, bytes) => this.#outcome(this.#exports.albert_tokens(model, json, bytes)));
  }

  logits(model, request) {
    return this.#withJson(request, (json, bytes) => this.#outcome(this.#exports.albert_logits(model, json, bytes)));
  }

  pipeline(model, setup) {
    return this.#withJson(setup, (json, bytes) => this.#handle(this.#exports.albert_pipeline(model, json, bytes)));
  }

  run(pipeline, request) {
    const run = (json, bytes) => this.#outcome(this.#exports.albert_run(pipeline, json, bytes));
    const result = this.#withJson(request, run);
    // The module for classification alone has no code for decimal fractions: it leaves the bits of scores.
    return Array.isArray(result) && result[0]?.bits !== undefined
      ? result.map(({ label, bits }) => ({ label, score: fromBits(bits) }))
      : result;
  }

  prototypes(labels, width) {
    return this.#handle(this.#exports.albert_prototypes(labels, width));
  }

  restorePrototypes(bytes) {
    return this.#handle(this.#with(bytes, (start, count) => this.#exports.albert_prototypes_restore(start, count)));
  }

  storePrototypes(handle) {
    this.#exports.albert_prototypes_store(handle);
    return this.#result().slice();
  }

  addExample(handle, label, embedding) {
    const add = (start) => this.#outcome(this.#exports.albert_prototypes_add(handle, label, start, embedding.length), false);
    this.#with(bytesOf(embedding), add);
  }

  forgetLabel(handle, label) {
    this.#outcome(this.#exports.albert_prototypes_forget(handle, label), false);
  }

  countExamples(handle, label) {
    return this.#exports.albert_prototypes_examples(handle, label) >>> 0;
  }

  nearestLabel(handle, embedding) {
    const nearest = (start) => this.#outcome(this.#exports.albert_prototypes_nearest(handle, start, embedding.length));
    return this.#with(bytesOf(embedding), nearest);
  }

  closePrototypes(handle) {
    this.#exports.albert_prototypes_free(handle);
  }

  closePipeline(handle) {
    this.#exports.albert_pipeline_free(handle);
  }

  closeModel(handle) {
    this.#exports.albert_model_free(handle);
  }

  /** Bytes of the module's memory. */
  get memoryBytes() {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Calls `use` with the address and length of a value's JSON. */
  #withJson(value, use) {
    return this.#with(encoder.encode(JSON.stringify(value)), use);
  }

  /** Calls `use` with the address and length of a copy of bytes. */
  #with(bytes, use) {
    const start = this.#copy(bytes);
    try {
      return use(start, bytes.byteLength);
    } finally {
      this.#exports.albert_free(start, bytes.byteLength);
    }
  }

  #copy(bytes) {
    const start = this.#exports.albert_alloc(bytes.byteLength) >>> 0;
    if (start === 0) throw new AlbertError(`no memory for ${bytes.byteLength} bytes`);
    new Uint8Array(this.#exports.memory.buffer, start, bytes.byteLength).set(bytes);
    return start;
  }

  #handle(handle) {
    if (handle === 0) throw this.#error();
    return handle;
  }

  /** Numbers, or the value of JSON, where a call has a value. */
  #outcome(isThere, hasValue = true) {
    if (!isThere) throw this.#error();
    if (!hasValue) return undefined;
    if (!this.#exports.albert_result_is_floats()) return JSON.parse(this.#text());
    // A copy of the result's own: the module's memory moves when it grows.
    return new Float32Array(this.#result().slice().buffer);
  }

  #result() {
    const start = this.#exports.albert_result() >>> 0;
    return new Uint8Array(this.#exports.memory.buffer, start, this.#exports.albert_result_bytes());
  }

  #text() {
    return decoder.decode(this.#result());
  }

  #error() {
    return new AlbertError(this.#text());
  }
}
