// Bytes, milliseconds and memory of the package, written to docs/javascript-benchmarks.md. ALBERT_PEERS names the folder that
// benches/peers/prepare.py has filled; without it bytes alone are counted, and the rest of the page stays. ALBERT_NODE: other programs
// than `node` to measure with, with commas.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { EXECUTABLE, FLAGS } from "../test/support/browser.js";
import { PACKAGE, REPOSITORY, serve } from "../test/support/server.js";
import { install, lay } from "./peers.js";
import { size, sizes } from "./sizes.js";

const GEOMETRIES = ["base", "tiny"];
const LENGTHS = [8, 32, 128];
const ROUNDS = 5;
const STARTS = 3;
const ENGINES = ["plain", "relaxed", "peer int8", "peer int8, fused"];
const OURS = ENGINES.slice(0, 2);
const PEERS = ENGINES.slice(2);

const COMMAND = "made by cargo xtask js --bench";
const lines = ["# JavaScript, measured", "", `<!-- begin bytes: ${COMMAND} -->`];
const table = (rows) => lines.push(...rows.map((row) => `| ${row.join(" | ")} |`), "");
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

lines.push("## Bytes over the wire", "", "Kilobytes, models not counted. A browser fetches the scripts and one of the modules.", "");
table(sizes());
lines.push("<!-- end bytes -->", "");

const document = path.join(REPOSITORY, "docs/javascript-benchmarks.md");
const prepared = process.env.ALBERT_PEERS;
if (prepared) {
  const packages = install();
  const models = lay(prepared, GEOMETRIES);
  lines.push(`<!-- begin peers: ${COMMAND}, with ALBERT_PEERS -->`);
  await inChromium(packages, models.folder);
  for (const node of (process.env.ALBERT_NODE ?? "node").split(",")) inNode(node, packages, models.folder);
  models.remove();
  lines.push(
    `Load average at the end: ${loadavg()[0].toFixed(1)} with ${cpus().length} CPUs (${cpus()[0].model}). Above what one thread makes, other`,
    "work took part of the time, and only the ratios, whose sides take turns, can be relied on.",
    "<!-- end peers -->",
  );
  writeFileSync(document, `${lines.join("\n").trimEnd()}\n`);
} else {
  const [, ...rest] = readFileSync(document, "utf8").split(/^(?=<!-- begin peers)/m);
  writeFileSync(document, [`${lines.join("\n").trimEnd()}\n\n`, ...rest].join(""));
}
console.log(lines.join("\n"));

/** Times in a page; each beginning in a browser of its own. */
async function inChromium(packages, models) {
  const folders = {
    "/dist/": path.join(PACKAGE, "dist"),
    "/bench/": path.join(PACKAGE, "bench"),
    "/models/": models,
    "/packages/": packages,
  };
  const blank = (request, response) => request.url === "/" && Boolean(response.end("<!doctype html><title>bench</title>"));
  const server = await serve(folders, { answer: blank });
  const places = {
    dist: "/dist/",
    models: "/models/",
    transformers: "/packages/@huggingface/transformers/dist/transformers.min.js",
    runtime: `${server.url}/packages/onnxruntime-web/dist/`,
  };
  let version;
  /** A function of measure.js in a new browser, and the files that it fetched. */
  const page = async (name, ...rest) => {
    const profile = mkdtempSync(path.join(tmpdir(), "albert-bench-"));
    const context = await chromium.launchPersistentContext(profile, { executablePath: EXECUTABLE, args: FLAGS });
    version = context.browser()?.version() ?? version;
    const tab = context.pages()[0];
    await tab.goto(server.url);
    const before = server.requests.length;
    const call = ([name, rest]) => import("/bench/measure.js").then((measure) => measure[name](...rest));
    const result = await tab.evaluate(call, [name, rest]);
    await context.close();
    rmSync(profile, { recursive: true, force: true });
    return { ...result, files: server.requests.slice(before).map((request) => request.split(" ")[1]) };
  };
  const timed = [];
  for (const geometry of GEOMETRIES) timed.push(await page("compare", places, geometry, ENGINES, LENGTHS, ROUNDS));
  lines.push(`## Beside transformers.js in Chromium ${version ?? ""}`.trimEnd(), "");
  times(timed);

  const started = Object.fromEntries(ENGINES.map((name) => [name, []]));
  for (let round = 0; round < STARTS; round += 1) {
    for (const name of ENGINES) started[name].push(await page("begin", places, "base", name, 32));
  }
  const wire = (name) => {
    const files = started[name][0].files.filter((file) => /^\/(dist|packages)\//.test(file));
    return [...new Set(files)].map((file) => path.relative(REPOSITORY, file.startsWith("/dist/")
      ? path.join(PACKAGE, file) : path.join(packages, file.slice("/packages/".length))));
  };
  starts(started, (name) => size(wire(name), REPOSITORY));
  await server.close();
}

/** The same under Node, each beginning a process of its own. */
function inNode(node, packages, models) {
  const run = (name, ...rest) => {
    const program = fileURLToPath(new URL("./in-node.js", import.meta.url));
    const printed = execFileSync(node, [program, JSON.stringify([name, ...rest])], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return JSON.parse(printed.trim().split("\n").at(-1));
  };
  const places = {
    dist: pathToFileURL(path.join(PACKAGE, "dist/")).href,
    models: `${models}/`,
    runtime: pathToFileURL(path.join(packages, "onnxruntime-web/dist/ort.node.min.mjs")).href,
  };
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const relaxed = execFileSync(node, ["--input-type=module", "--eval", `
    import { hasRelaxedSimd } from ${JSON.stringify(`${places.dist}features.js`)};
    console.log(hasRelaxedSimd());
  `], { encoding: "utf8" }).trim() === "true";
  const engines = ENGINES.filter((name) => relaxed || name !== "relaxed");
  lines.push(`## Beside ONNX Runtime Web under Node ${version}`, "");
  if (!relaxed) lines.push("This Node has no relaxed SIMD without a flag, so the package runs `albert.wasm`.", "");
  times(GEOMETRIES.map((geometry) => run("compare", places, geometry, engines, LENGTHS, ROUNDS).result));
  const started = Object.fromEntries(engines.map((name) => [name, []]));
  for (let round = 0; round < STARTS; round += 1) {
    for (const name of engines) {
      const { result, megabytes } = run("begin", places, "base", name, 32);
      started[name].push({ ...result, process: megabytes });
    }
  }
  starts(started);
}

/** A table of milliseconds; ratios are the faster peer's time by ours. */
function times(timed) {
  const [{ isa }] = timed;
  const ours = OURS.filter((name) => name in isa);
  lines.push("Milliseconds a text, int8, one thread: medians of alternating turns. Ratios are the faster peer's time by ours.", "");
  table([
    ["geometry, tokens", ...ours.map((name) => `\`${isa[name]}\``), ...PEERS, ...ours.map((name) => `ratio, \`${isa[name]}\``), "logits apart"],
    ["---", ...ours.map(() => "--:"), ...PEERS.map(() => "--:"), ...ours.map(() => "--:"), "--:"],
    ...timed.flatMap(({ lengths }, index) =>
      lengths.map(({ tokens, milliseconds, apart }) => {
        const best = Math.min(...PEERS.map((name) => milliseconds[name]));
        const ratios = ours.map((name) => (best / milliseconds[name]).toFixed(2));
        const all = [...ours, ...PEERS].map((name) => milliseconds[name].toFixed(2));
        return [`${GEOMETRIES[index]}, ${tokens}`, ...all, ...ratios, apart.toFixed(4)];
      }),
    ),
  ]);
}

/** A table of beginnings. */
function starts(started, wire) {
  lines.push(
    "From nothing to a first result, base geometry, 32 tokens: modules and model from this machine, nothing kept; medians. Memory is",
    `that of the WebAssembly modules after it${wire ? "; kilobytes are what was fetched, without the model" : ", and the largest of the whole process"}.`,
    "",
  );
  const middle = (name, what) => median(started[name].map((each) => each[what]));
  const best = Math.min(...PEERS.map((name) => middle(name, "first")));
  table([
    ["", "model open, ms", "first result, ms", "sooner than the peer", "memory, MB", ...(wire ? ["raw, kB", "gzip, kB", "brotli, kB"] : ["process, MB"])],
    ["---", "--:", "--:", "--:", "--:", ...(wire ? ["--:", "--:", "--:"] : ["--:"])],
    ...Object.keys(started).map((name) => [
      name,
      middle(name, "load").toFixed(0),
      middle(name, "first").toFixed(0),
      PEERS.includes(name) ? "" : (best / middle(name, "first")).toFixed(1),
      middle(name, "megabytes").toFixed(1),
      ...(wire ? wire(name) : [middle(name, "process").toFixed(0)]),
    ]),
  ]);
}
