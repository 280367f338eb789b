// Messages between threads. Workers of Node are event emitters, all others event targets.

/** Calls `receive` with each message of a worker and `failed` with an error that ends it; returns what stops that. */
export function listen(worker, receive, failed) {
  if (worker.on) {
    worker.on("message", receive).on("error", failed);
    return () => worker.off("message", receive).off("error", failed);
  }
  const event = ({ data }) => receive(data);
  worker.addEventListener("message", event);
  worker.addEventListener("error", failed);
  return () => {
    worker.removeEventListener("message", event);
    worker.removeEventListener("error", failed);
  };
}

/** In a worker: calls `serve(port)`, and what it returns with each message. */
export async function answer(serve) {
  if (globalThis.WorkerGlobalScope) {
    const receive = serve(globalThis);
    addEventListener("message", ({ data }) => receive(data));
  } else {
    const { parentPort } = await import("node:worker_threads");
    parentPort.on("message", serve(parentPort));
  }
}
