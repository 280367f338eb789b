// A model file in the module's memory, and tasks over it.

import { AlbertError } from "./error.js";
import { engineFrom } from "./engine.js";
import { useModel } from "./fetch-model.js";
import { toRequest } from "./request.js";

export class Model {
  #engine;
  #handle;

  constructor(engine, handle) {
    this.#engine = engine;
    this.#handle = handle;
    /** Tasks, labels, sizes, kernel set. */
    this.info = engine.info(handle);
  }

  /**
   * Opens a model from a URL, bytes, a `Response` or a `Blob`.
   *
   * @param source where the model is
   * @param settings `head` (a head file in place of the model's own head, given as the model is), `progress(loaded, total)`, `signal`, `cache` (a name, or false), `checksum` (SHA-256 in hexadecimal),
   *   `wasm` (see `init`)
   */
  static async load(source, settings = {}) {
    // The module starts while the model arrives.
    const starting = engineFrom(settings.wasm);
    starting.catch(() => {});
    const opened = await useModel(source, settings, async (bytes, isDownload) => {
      const engine = await starting;
      const handle = engine.open(bytes);
      try {
        if (isDownload) engine.verify(handle);
        return new Model(engine, handle);
      } catch (error) {
        engine.closeModel(handle);
        throw error;
      }
    });
    if (settings.head === undefined) return opened;
    try {
      // By itself: a bad head is no reason to download the model again.
      const { cache, signal } = settings;
      return await useModel(settings.head, { cache, signal }, (bytes) => opened.#withHead(bytes));
    } finally {
      // The model with the head keeps the encoder.
      opened.close();
    }
  }

  /** A runner of a task, its own when `task` is undefined; options have the names of the Hugging Face pipelines. */
  task(task, options = {}) {
    const handle = this.#engine.pipeline(this.#open(), { task, options });
    return new Runner(this.#engine, handle, task ?? this.info.tasks[0]);
  }

  /** Ids and token types of a text or a pair, special tokens included. */
  tokenize(text, text_pair) {
    return this.#engine.tokens(this.#open(), { text, text_pair });
  }

  /** The head's logits for an input: `[labels]`, or `[tokens][labels]`, one row after the other. */
  logits(input, text_pair) {
    return this.#engine.logits(this.#open(), toRequest(undefined, input, text_pair));
  }

  /** Compares the file's checksum with its bytes. */
  verify() {
    this.#engine.verify(this.#open());
  }

  /** Bytes of the module's memory, the model's counted. */
  get memoryBytes() {
    return this.#engine.memoryBytes;
  }

  /** Gives the memory back. Tasks that are open go on. */
  close() {
    if (this.#handle !== 0) this.#engine.closeModel(this.#handle);
    this.#handle = 0;
  }

  #withHead(bytes) {
    const handle = this.#engine.withHead(this.#handle, bytes);
    try {
      this.#engine.verify(handle);
      return new Model(this.#engine, handle);
    } catch (error) {
      this.#engine.closeModel(handle);
      throw error;
    }
  }

  #open() {
    if (this.#handle === 0) throw new AlbertError("the model is closed");
    return this.#handle;
  }
}

/** A task over a model. */
class Runner {
  #engine;
  #handle;

  constructor(engine, handle, name) {
    this.#engine = engine;
    this.#handle = handle;
    this.name = name;
  }

  /** The result for an input: objects, or a `Float32Array` where the result is a vector. */
  run(input, second) {
    if (this.#handle === 0) throw new AlbertError("the pipeline is closed");
    return this.#engine.run(this.#handle, toRequest(this.name, input, second));
  }

  close() {
    if (this.#handle !== 0) this.#engine.closePipeline(this.#handle);
    this.#handle = 0;
  }
}
