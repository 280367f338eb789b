// A model file from wherever it is, kept in the Cache API, checked.

import { compare } from "./checksum.js";
import { download, receive } from "./download.js";
import { isPlace, locate, readLocal } from "./location.js";

/**
 * The bytes of a model file.
 *
 * @param source a URL, bytes, a `Response` or a `Blob` (a `File`, too)
 * @param settings `progress(loaded, total)`: bytes, the total undefined when the server does not say; `signal`; `cache`: the name
 *   of the cache that keeps downloads, or false for none; `checksum`: SHA-256 of the file in hexadecimal
 */
export function fetchModel(source, settings = {}) {
  return useModel(source, settings, (bytes) => bytes);
}

/**
 * What `use(bytes, isDownload)` makes of a model file. A download is kept when `use` does not throw; a copy that was kept and
 * with which it throws is dropped and the file downloaded again.
 */
export async function useModel(source, { progress, signal, cache = "albert-edge", checksum }, use) {
  signal?.throwIfAborted();
  const checked = async (bytes, isDownload) => {
    await compare(bytes, checksum);
    return use(bytes, isDownload);
  };
  if (source instanceof ArrayBuffer) return checked(new Uint8Array(source), false);
  if (ArrayBuffer.isView(source)) {
    return checked(new Uint8Array(source.buffer, source.byteOffset, source.byteLength), false);
  }
  if (!isPlace(source)) {
    if (source instanceof Blob) return checked(new Uint8Array(await source.arrayBuffer()), false);
    if (source instanceof Response) return checked(await receive(source, { progress, signal }), true);
  }
  const url = locate(source);
  if (url.protocol === "file:") return checked(await readLocal(url), false);
  const store = await open(cache);
  const kept = await store?.match(url.href);
  if (kept) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    progress?.(bytes.length, bytes.length);
    try {
      return await checked(bytes, false);
    } catch {
      await store.delete(url.href);
    }
  }
  const bytes = await download(url, { progress, signal });
  const result = await checked(bytes, true);
  await store?.put(url.href, new Response(bytes)).catch(() => {}); // A full disk is no reason to fail.
  return result;
}

/** The cache, where there is one: pages on plain HTTP and Node have none. */
async function open(name) {
  if (name === false || !globalThis.caches) return undefined;
  return caches.open(name).catch(() => undefined);
}
