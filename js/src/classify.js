// Text classification alone: a smaller module.
//
//   import { classifier } from "albert-edge/classify";
//   const classify = await classifier({ model: "/clinc-intents-int8.albert" });
//   await classify("what is the weather like", { top_k: 3 });

import { classification } from "./builds.js";
import { pipeline } from "./index.js";

export { AlbertError } from "./error.js";

/** As `pipeline("text-classification", options)`. */
export async function classifier(options = {}) {
  return pipeline("text-classification", { wasm: classification(), ...options });
}
