// One measurement in a process of its own: node in-node.js ARGUMENTS (JSON). Prints JSON.

import * as measure from "./measure.js";

const [name, ...rest] = JSON.parse(process.argv[2]);
console.log(JSON.stringify({ result: await measure[name](...rest), megabytes: process.resourceUsage().maxRSS / 1e3 }));
