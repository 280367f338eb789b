// Bytes over the wire.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { PACKAGE } from "../test/support/server.js";

const dist = path.join(PACKAGE, "dist");
const kilobytes = (bytes) => (bytes / 1000).toFixed(1);

/** Bytes of files together: as they are, and each compressed. */
export function size(names, folder) {
  const files = names.map((name) => readFileSync(path.join(folder, name)));
  const total = (f) => kilobytes(files.reduce((sum, file) => sum + f(file).length, 0));
  return [total((file) => file), total((file) => gzipSync(file, { level: 9 })), total((file) => brotliCompressSync(file))];
}

/** Rows of a table. */
export function sizes() {
  const scripts = readdirSync(dist).filter((name) => name.endsWith(".js"));
  const [every, alone] = [scripts.filter((name) => name !== "classify.js"), scripts];
  const here = (names) => size(names, dist);
  return [
    ["", "raw", "gzip", "brotli"],
    ["---", "--:", "--:", "--:"],
    ["scripts", ...here(every)],
    ...["albert.wasm", "albert-relaxed.wasm"].map((build) => [`\`${build}\``, ...here([build])]),
    ["**every task**: scripts and `albert-relaxed.wasm`", ...here([...every, "albert-relaxed.wasm"])],
    ...["albert-classify.wasm", "albert-classify-relaxed.wasm"].map((build) => [`\`${build}\``, ...here([build])]),
    ["**classification alone**: scripts and `albert-classify-relaxed.wasm`", ...here([...alone, "albert-classify-relaxed.wasm"])],
    ["the demo page's own files", ...size(readdirSync(path.join(PACKAGE, "demo")), path.join(PACKAGE, "demo"))],
  ];
}
