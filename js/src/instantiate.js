// Starts a WebAssembly module from wherever it is.

import { AlbertError } from "./error.js";
import { isPlace, locate, readLocal } from "./location.js";

/** What a module exports; the source is a URL, bytes, a `Response` or a `WebAssembly.Module`. */
export async function instantiate(source, imports = {}) {
  if (source instanceof WebAssembly.Module) return (await WebAssembly.instantiate(source, imports)).exports;
  return (await start(source, imports)).instance.exports;
}

async function start(source, imports) {
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.instantiate(source, imports);
  const response = isPlace(source) ? await read(locate(source)) : source;
  if (ArrayBuffer.isView(response)) return WebAssembly.instantiate(response, imports);
  if (!response.ok) throw new AlbertError(`${response.url}: HTTP ${response.status}`);
  // Servers that do not know the file's type are common.
  if (response.headers.get("content-type")?.startsWith("application/wasm")) {
    return WebAssembly.instantiateStreaming(response, imports);
  }
  return WebAssembly.instantiate(await response.arrayBuffer(), imports);
}

const read = (url) => (url.protocol === "file:" ? readLocal(url) : fetch(url));
