// The files of this package that the engine can run. Bundlers find them by this form.

import { AlbertError } from "./error.js";
import { hasRelaxedSimd, hasSimd } from "./features.js";

/** The module for every task. */
export const everyTask = () =>
  isRelaxed() ? new URL("./albert-relaxed.wasm", import.meta.url) : new URL("./albert.wasm", import.meta.url);

/** The one for text classification alone. */
export const classification = () =>
  isRelaxed()
    ? new URL("./albert-classify-relaxed.wasm", import.meta.url)
    : new URL("./albert-classify.wasm", import.meta.url);

/** The one that fits classifiers. */
export const fitting = () =>
  isRelaxed() ? new URL("./albert-fit-relaxed.wasm", import.meta.url) : new URL("./albert-fit.wasm", import.meta.url);

function isRelaxed() {
  if (!hasSimd()) throw new AlbertError("this browser has no WebAssembly SIMD; it is older than 2021 (Safari: 2023)");
  return hasRelaxedSimd();
}
