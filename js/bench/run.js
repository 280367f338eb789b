// Bytes and milliseconds of the package, written to docs/javascript-benchmarks.md. ALBERT_BASE names a model file of base geometry
// with a text classifier (`albert synth` makes one); without it the tables of base geometry are left out.

import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { EXECUTABLE, FLAGS } from "../test/support/browser.js";
import { PACKAGE, REPOSITORY, serve } from "../test/support/server.js";

const BUILDS = ["albert.wasm", "albert-relaxed.wasm"];
const TEXT = "what is the weather like in tokyo tomorrow";
const dist = path.join(PACKAGE, "dist");
const base = process.env.ALBERT_BASE;
const lines = [];
const table = (...rows) => lines.push(...rows.map((row) => `| ${row.join(" | ")} |`), "");
const kilobytes = (bytes) => (bytes / 1000).toFixed(1);
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** Bytes of files together: as they are, and each compressed. */
function size(names, folder) {
  const files = names.map((name) => readFileSync(path.join(folder, name)));
  const total = (f) => kilobytes(files.reduce((sum, file) => sum + f(file).length, 0));
  return [total((file) => file), total((file) => gzipSync(file, { level: 9 })), total((file) => brotliCompressSync(file))];
}

const scripts = readdirSync(dist).filter((name) => name.endsWith(".js"));
const page = readdirSync(path.join(PACKAGE, "demo"));
lines.push("# JavaScript, measured", "", "Written by `cargo xtask js --bench`.", "", "## Bytes over the wire", "");
lines.push("Kilobytes. A browser fetches the scripts and one of the two modules.", "");
table(
  ["", "raw", "gzip", "brotli"],
  ["---", "--:", "--:", "--:"],
  ["scripts", ...size(scripts, dist)],
  ...BUILDS.map((build) => [`\`${build}\``, ...size([build], dist)]),
  ["scripts and `albert-relaxed.wasm`", ...size([...scripts, "albert-relaxed.wasm"], dist)],
  ["the demo page's own files", ...size(page, path.join(PACKAGE, "demo"))],
);

const folders = { "/dist/": dist, "/bench/": path.join(PACKAGE, "bench"), "/models/": path.join(REPOSITORY, "models") };
if (base) folders["/base/"] = path.dirname(base);
const blank = (request, response) => request.url === "/" && Boolean(response.end("<!doctype html><title>bench</title>"));
const server = await serve(folders, { answer: blank });
const profile = mkdtempSync(path.join(tmpdir(), "albert-bench-"));
const context = await chromium.launchPersistentContext(profile, { executablePath: EXECUTABLE, args: FLAGS });

const tab = await context.newPage();
await tab.goto(server.url);
const compare = (...rest) =>
  tab.evaluate((rest) => import("/bench/page.js").then((module) => module.compare(...rest)), rest);
lines.push("## Time and memory", "");
lines.push(`Chromium ${context.browser()?.version() ?? ""} on ${cpus()[0].model}, one thread; medians of alternating turns.`, "");
const rows = [["the demo intent model, a text of 8 words", await compare("/models/clinc-intents-int8.albert", { text: TEXT }, BUILDS, 21, 10)]];
if (base) {
  for (const tokens of [8, 32, 128]) {
    const input_ids = Array.from({ length: tokens }, (_, index) => 5 + ((index * 7919) % 1000));
    rows.push([`base geometry, ${tokens} tokens`, await compare(`/base/${path.basename(base)}`, { input_ids }, BUILDS, 7, 1)]);
  }
}
const [, [plain, relaxed]] = rows[0];
table(
  ["", `\`${plain.isa}\`, ms`, `\`${relaxed.isa}\`, ms`, "ratio", "memory, MB"],
  ["---", "--:", "--:", "--:", "--:"],
  ...rows.map(([name, [a, b]]) => [name, a.milliseconds.toFixed(2), b.milliseconds.toFixed(2), (a.milliseconds / b.milliseconds).toFixed(2), b.megabytes.toFixed(1)]),
);

// From nothing to the first result: scripts, module and model come from a server on this machine, nothing is kept.
const starts = [];
for (let round = 0; round < 7; round += 1) {
  const fresh = await context.newPage();
  await fresh.goto(server.url);
  const first = async (text) => {
    const start = performance.now();
    const { pipeline } = await import("/dist/index.js");
    const classify = await pipeline("text-classification", { model: "/models/clinc-intents-int8.albert", cache: false });
    await classify(text);
    return performance.now() - start;
  };
  starts.push(await fresh.evaluate(first, TEXT));
  await fresh.close();
}
lines.push(`From nothing to the first result of the intent model, from a server on this machine: ${median(starts).toFixed(0)} ms.`, "");
lines.push(
  `The machine's load average was ${loadavg()[0].toFixed(1)} with ${cpus().length} CPUs: where it is above what one thread makes, other work took`,
  "part of the time, and only the ratios, whose two sides take turns, can be relied on.",
  "",
);
await context.close();
await server.close();
rmSync(profile, { recursive: true, force: true });
writeFileSync(path.join(REPOSITORY, "docs/javascript-benchmarks.md"), `${lines.join("\n").trimEnd()}\n`);
console.log(lines.join("\n"));
