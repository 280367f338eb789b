// The models and packages that are compared with, from a folder that benches/peers/prepare.py has made.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGES = fileURLToPath(new URL("./peers", import.meta.url));
/** Models of ONNX Runtime that are tried; the faster one counts. */
const VARIANTS = ["int8", "int8-fused"];

/** Installs the packages; the folder of them. */
export function install() {
  const modules = path.join(PACKAGES, "node_modules");
  if (!existsSync(path.join(modules, "@huggingface/transformers"))) {
    execFileSync("npm", ["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: PACKAGES });
  }
  return modules;
}

/** A folder with the models of each geometry as this package and transformers.js look for them. */
export function lay(prepared, geometries) {
  const folder = mkdtempSync(path.join(tmpdir(), "albert-bench-"));
  for (const geometry of geometries) {
    const from = path.join(prepared, "models", geometry);
    mkdirSync(path.join(folder, geometry));
    symlinkSync(path.join(from, "albert-int8.albert"), path.join(folder, geometry, "albert-int8.albert"));
    for (const variant of VARIANTS) {
      const to = path.join(folder, `${geometry}-${variant}`);
      mkdirSync(path.join(to, "onnx"), { recursive: true });
      copyFileSync(path.join(from, "checkpoint/config.json"), path.join(to, "config.json"));
      symlinkSync(path.join(from, `${variant}.onnx`), path.join(to, "onnx/model_quantized.onnx"));
    }
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
