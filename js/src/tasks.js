// The runners of one pipeline: its own, and those of calls with other options.

/** Runners kept for options of calls; a page that makes them up without end does not fill the memory. */
const MOST = 16;

export class Tasks {
  #model;
  #task;
  #options;
  #own;
  /** By their options, those used last at the end. */
  #others = new Map();

  /** Fails when the model does not serve the task, or the task does not have an option. */
  constructor(model, task, options) {
    this.#model = model;
    this.#task = task;
    this.#options = options;
    this.#own = model.task(task, options);
    this.name = this.#own.name;
  }

  run(input, second, changes) {
    return this.#runner(changes).run(input, second);
  }

  close() {
    for (const runner of [this.#own, ...this.#others.values()]) runner.close();
    this.#others.clear();
  }

  #runner(changes) {
    const key = JSON.stringify(changes);
    if (key === "{}") return this.#own;
    const runner = this.#others.get(key) ?? this.#model.task(this.#task, { ...this.#options, ...changes });
    this.#others.delete(key);
    this.#others.set(key, runner);
    if (this.#others.size > MOST) {
      const [oldest, unused] = this.#others.entries().next().value;
      unused.close();
      this.#others.delete(oldest);
    }
    return runner;
  }
}
