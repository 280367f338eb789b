// The other end of `fit`: one classifier, then the thread ends.

import { fitting } from "./builds.js";
import { AlbertError } from "./error.js";
import { instantiate } from "./instantiate.js";
import { answer } from "./port.js";

const STAGES = ["examples", "folds"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

answer((port) => async (request) => {
  try {
    const result = await make(request, (at) => port.postMessage({ at }));
    port.postMessage({ result }, [result.headFile.buffer, result.modelFile.buffer]);
  } catch (error) {
    port.postMessage({ error: error.message });
  }
});

async function make({ encoder: model, examples, options, float, wasm = fitting() }, told) {
  const progress = (stage, done, total) => told({ stage: STAGES[stage], done, total });
  const module = await instantiate(wasm, { albert: { progress } });
  const copy = (bytes) => {
    const start = module.albert_alloc(bytes.length) >>> 0;
    if (start === 0) throw new AlbertError(`no memory for ${bytes.length} bytes`);
    new Uint8Array(module.memory.buffer, start, bytes.length).set(bytes);
    return [start, bytes.length];
  };
  const result = () => new Uint8Array(module.memory.buffer, module.albert_result() >>> 0, module.albert_result_bytes()).slice();
  const failed = () => new AlbertError(decoder.decode(result()));
  const fitted = module.albert_fit(...copy(model), ...copy(encoder.encode(examples)), ...copy(encoder.encode(options)));
  if (fitted === 0) throw failed();
  const bytes = (isThere) => {
    if (!isThere) throw failed();
    return result();
  };
  return {
    report: JSON.parse(decoder.decode(bytes(module.albert_fitted_report(fitted)))),
    headFile: bytes(module.albert_fitted_file(fitted, true, float)),
    modelFile: bytes(module.albert_fitted_file(fitted, false, float)),
  };
}
