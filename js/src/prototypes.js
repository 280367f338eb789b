// Labels that are taught while a page or program runs, by a few examples each.

import { AlbertError } from "./error.js";
import { engineFrom } from "./engine.js";

export class Prototypes {
  #engine;
  #handle;

  constructor(engine, handle) {
    this.#engine = engine;
    this.#handle = handle;
  }

  /** Prototypes of up to `labels` labels, numbers from 0, over embeddings of `width` elements; they know nothing yet. */
  static async create(labels, width, { wasm } = {}) {
    const engine = await engineFrom(wasm);
    return new Prototypes(engine, engine.prototypes(index(labels), index(width)));
  }

  /** What `toBytes` gave, here or on another device. */
  static async fromBytes(bytes, { wasm } = {}) {
    const engine = await engineFrom(wasm);
    return new Prototypes(engine, engine.restorePrototypes(bytes));
  }

  /** The bytes to keep. */
  toBytes() {
    return this.#engine.storePrototypes(this.#open());
  }

  /** Teaches a label one more example: the result of a sentence-embedding pipeline. */
  add(label, embedding) {
    this.#engine.addExample(this.#open(), index(label), Float32Array.from(embedding));
  }

  /** Forgets all examples of a label. */
  forget(label) {
    this.#engine.forgetLabel(this.#open(), index(label));
  }

  /** Examples that a label was taught with. */
  examples(label) {
    return this.#engine.countExamples(this.#open(), index(label));
  }

  /** `{label, cosine}` of the label whose mean is nearest, the first of equals; null when no label has been taught. */
  nearest(embedding) {
    return this.#engine.nearestLabel(this.#open(), Float32Array.from(embedding));
  }

  /** Gives the memory back. */
  close() {
    if (this.#handle !== 0) this.#engine.closePrototypes(this.#handle);
    this.#handle = 0;
  }

  #open() {
    if (this.#handle === 0) throw new AlbertError("the prototypes are closed");
    return this.#handle;
  }
}

/** The module takes numbers of 32 bits, and would take the rest of larger ones. */
function index(value) {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new AlbertError(`${value} is no label or width`);
}
