// Whether a file is the one that is meant.

import { AlbertError } from "./error.js";

/** Fails when `checksum`, SHA-256 in hexadecimal, is given and is not that of `bytes`. */
export async function compare(bytes, checksum) {
  if (checksum === undefined) return;
  if (!globalThis.crypto?.subtle) throw new AlbertError("checksums need HTTPS or localhost");
  if ((await sha256(bytes)) !== checksum.toLowerCase()) {
    throw new AlbertError("the model is not the file that the checksum is of");
  }
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
