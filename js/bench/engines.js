// What is compared, behind one interface; runs in Chromium and in Node.

/** Engines by name: `open(places, geometry)` gives `{ run(ids), isa }`, `run` a promise of logits. */
export const ENGINES = {
  plain: ours("albert.wasm"),
  relaxed: ours("albert-relaxed.wasm"),
  "peer int8": peer("int8"),
  "peer int8, fused": peer("int8-fused"),
};

/** Ids of an input; those of benches/peers. */
export const ids = (tokens, vocabulary = 8000) => Array.from({ length: tokens }, (_, place) => (place * 7919 + 13) % vocabulary);

function ours(build) {
  return async ({ dist, models }, geometry) => {
    const { Model } = await import(`${dist}index.js`);
    const model = await Model.load(`${models}${geometry}/albert-int8.albert`, { wasm: `${dist}${build}`, cache: false });
    return { run: async (input_ids) => model.logits({ input_ids }), isa: model.info.isa };
  };
}

/** ONNX Runtime Web: below transformers.js in Chromium, by itself in Node, where transformers.js has native code in its place. */
function peer(variant) {
  return async (places, geometry) => {
    const { Tensor, forward } = await (places.transformers ? byTransformers : byRuntime)(places, geometry, variant);
    const run = async (input) => {
      const shape = [1, input.length];
      const input_ids = new Tensor("int64", BigInt64Array.from(input, BigInt), shape);
      const attention_mask = new Tensor("int64", new BigInt64Array(input.length).fill(1n), shape);
      return (await forward({ input_ids, attention_mask })).logits.data;
    };
    return { run, isa: variant };
  };
}

async function byTransformers({ transformers, runtime, models }, geometry, variant) {
  const { AutoModelForSequenceClassification, Tensor, env } = await import(transformers);
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: models, useBrowserCache: false });
  Object.assign(env.backends.onnx.wasm, { numThreads: 1, proxy: false, wasmPaths: runtime });
  const settings = { dtype: "q8", device: "wasm" };
  const model = await AutoModelForSequenceClassification.from_pretrained(`${geometry}-${variant}`, settings);
  return { Tensor, forward: (inputs) => model(inputs) };
}

async function byRuntime({ runtime, models }, geometry, variant) {
  const { InferenceSession, Tensor, env } = await import(runtime);
  const { readFile } = await import("node:fs/promises");
  env.wasm.numThreads = 1;
  const bytes = await readFile(`${models}${geometry}-${variant}/onnx/model_quantized.onnx`);
  const session = await InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  return { Tensor, forward: (inputs) => session.run(inputs) };
}
