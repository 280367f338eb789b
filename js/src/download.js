// Bytes of a URL, resumed when the connection breaks.

import { AlbertError } from "./error.js";

/** Times that a download is begun or goes on. */
const ATTEMPTS = 4;
/** Milliseconds before the second attempt; they double. */
const WAIT = 250;

/** The bytes; `progress(loaded, total)` hears of each piece, the total undefined when the server does not say. */
export async function download(url, { progress, signal }) {
  const received = new Received(progress);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await received.request(url, signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof AlbertError) throw error;
      if (attempt === ATTEMPTS) throw new AlbertError(`${url}: ${error.message}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, WAIT * 2 ** (attempt - 1)));
    }
  }
}

/** The bytes of a response that is here already. */
export async function receive(response, { progress, signal }) {
  const received = new Received(progress);
  await received.read(response, signal);
  return received.whole();
}

/** Most bytes that a server's word alone makes room for. */
const MOST_AHEAD = 2 ** 28;

/** What has arrived, in one piece. */
class Received {
  #progress;
  /** As long as the file when the server says its length, unless that is very long: pieces are put in place while others are on their way. */
  #bytes = new Uint8Array(0);
  #loaded = 0;
  #total;
  /** What a range depends on: the file must be the one that the bytes are of. */
  #version;

  constructor(progress) {
    this.#progress = progress;
  }

  /** Asks for the rest and returns the whole. */
  async request(url, signal) {
    const goesOn = this.#loaded > 0 && this.#version !== undefined;
    const headers = goesOn ? { range: `bytes=${this.#loaded}-`, "if-range": this.#version } : {};
    const response = await fetch(url, { signal, headers });
    if (!goesOn || !this.#continues(response)) this.#reset();
    await this.read(response, signal);
    if (this.#total !== undefined && this.#loaded !== this.#total) throw new TypeError("the connection ended early");
    return this.whole();
  }

  async read(response, signal) {
    if (!response.ok) throw new AlbertError(`${response.url}: HTTP ${response.status}`);
    const { headers } = response;
    const encoded = headers.has("content-encoding");
    // Ranges of what is compressed count other bytes.
    this.#version = encoded ? undefined : version(headers);
    const length = encoded ? null : headers.get("content-length");
    this.#total = length === null ? undefined : this.#loaded + Number(length);
    if (this.#total !== undefined) this.#reserve(Math.min(this.#total, MOST_AHEAD));
    const reader = response.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (signal?.aborted) {
        await reader.cancel();
        throw signal.reason;
      }
      const end = this.#loaded + piece.value.length;
      if (end > this.#bytes.length) this.#reserve(end + this.#bytes.length);
      this.#bytes.set(piece.value, this.#loaded);
      this.#loaded = end;
      this.#progress?.(this.#loaded, this.#total);
    }
  }

  whole() {
    return this.#bytes.length === this.#loaded ? this.#bytes : this.#bytes.slice(0, this.#loaded);
  }

  /** Makes room for as many bytes in all. */
  #reserve(count) {
    if (count <= this.#bytes.length) return;
    const bytes = new Uint8Array(count);
    bytes.set(this.#bytes.subarray(0, this.#loaded));
    this.#bytes = bytes;
  }

  /** Whether a response starts where the bytes end. */
  #continues(response) {
    return response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${this.#loaded}-`);
  }

  #reset() {
    this.#loaded = 0;
  }
}

function version(headers) {
  const tag = headers.get("etag");
  if (tag && !tag.startsWith("W/")) return tag;
  return headers.get("last-modified") ?? undefined;
}
