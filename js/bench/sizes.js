// Bytes over the wire.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { PACKAGE } from "../test/support/server.js";

const dist = path.join(PACKAGE, "dist");
const kilobytes = (bytes) => (bytes / 1000).toFixed(1);

/** Above this many bytes the best quality of brotli takes minutes; servers do not compress so either. */
const LARGE = 4e6;
const known = new Map();

/** Bytes of a file: as it is, and compressed. */
function sizesOf(name) {
  if (!known.has(name)) {
    const file = readFileSync(name);
    const params = { [constants.BROTLI_PARAM_QUALITY]: file.length > LARGE ? 9 : 11 };
    known.set(name, [file, gzipSync(file, { level: 9 }), brotliCompressSync(file, { params })].map(({ length }) => length));
  }
  return known.get(name);
}

/** Bytes of files together: as they are, and each compressed. */
export function size(names, folder) {
  const files = names.map((name) => sizesOf(path.join(folder, name)));
  return [0, 1, 2].map((place) => kilobytes(files.reduce((sum, file) => sum + file[place], 0)));
}

/** Scripts that are fetched for `albert-edge/fit`, beside those of every task. */
const FITTING = ["fit.js", "fit-worker.js"];

/** Rows of a table. */
export function sizes() {
  const scripts = readdirSync(dist).filter((name) => name.endsWith(".js"));
  const every = scripts.filter((name) => !["classify.js", ...FITTING].includes(name));
  const alone = [...every, "classify.js"];
  const here = (names) => size(names, dist);
  return [
    ["", "raw", "gzip", "brotli"],
    ["---", "--:", "--:", "--:"],
    ["scripts", ...here(every)],
    ...["albert.wasm", "albert-relaxed.wasm"].map((build) => [`\`${build}\``, ...here([build])]),
    ["**every task**: scripts and `albert-relaxed.wasm`", ...here([...every, "albert-relaxed.wasm"])],
    ...["albert-classify.wasm", "albert-classify-relaxed.wasm"].map((build) => [`\`${build}\``, ...here([build])]),
    ["**classification alone**: scripts and `albert-classify-relaxed.wasm`", ...here([...alone, "albert-classify-relaxed.wasm"])],
    ...["albert-fit.wasm", "albert-fit-relaxed.wasm"].map((build) => [`\`${build}\``, ...here([build])]),
    ["**fitting**, beside every task: `fit.js`, its worker and `albert-fit-relaxed.wasm`", ...here([...FITTING, "albert-fit-relaxed.wasm"])],
    ["the demo page's own files", ...size(readdirSync(path.join(PACKAGE, "demo")), path.join(PACKAGE, "demo"))],
  ];
}
