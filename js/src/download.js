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
  return received.join();
}

/** What has arrived. */
class Received {
  #progress;
  #parts = [];
  #loaded = 0;
  #total;
  /** What a range depends on: the file must be the one that the parts are of. */
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
    return this.join();
  }

  async read(response, signal) {
    if (!response.ok) throw new AlbertError(`${response.url}: HTTP ${response.status}`);
    const { headers } = response;
    const encoded = headers.has("content-encoding");
    // Ranges of what is compressed count other bytes.
    this.#version = encoded ? undefined : version(headers);
    const length = encoded ? null : headers.get("content-length");
    this.#total = length === null ? undefined : this.#loaded + Number(length);
    const reader = response.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (signal?.aborted) {
        await reader.cancel();
        throw signal.reason;
      }
      this.#parts.push(piece.value);
      this.#loaded += piece.value.length;
      this.#progress?.(this.#loaded, this.#total);
    }
  }

  join() {
    const whole = new Uint8Array(this.#loaded);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** Whether a response starts where the parts end. */
  #continues(response) {
    return response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${this.#loaded}-`);
  }

  #reset() {
    this.#parts = [];
    this.#loaded = 0;
  }
}

function version(headers) {
  const tag = headers.get("etag");
  if (tag && !tag.startsWith("W/")) return tag;
  return headers.get("last-modified") ?? undefined;
}
