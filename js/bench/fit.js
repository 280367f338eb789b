// Processor seconds that `fit` takes under Node, from the call to the head file: `node fit.js ENCODER ROWS.jsonl` prints JSON.

import { readFileSync } from "node:fs";
import { fit } from "../dist/fit.js";
import { hasRelaxedSimd } from "../dist/features.js";

const [encoder, data] = process.argv.slice(2);
const examples = readFileSync(data, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const start = process.cpuUsage();
const { headFile } = await fit(encoder, examples);
const { user, system } = process.cpuUsage(start);
const seconds = (user + system) / 1e6;
const head = Buffer.from(headFile).toString("hex");
console.log(JSON.stringify({ node: process.version, relaxed: hasRelaxedSimd(), seconds, head }));
