// docs/javascript.md, followed from an empty folder with the packed package.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { browse, foreign } from "./support/browser.js";
import { INTENTS, PACKAGE, REPOSITORY, serve } from "./support/server.js";

const { name, version, exports } = JSON.parse(readFileSync(path.join(PACKAGE, "package.json"), "utf8"));
const tarball = path.join(PACKAGE, `${name}-${version}.tgz`);
const manual = readFileSync(path.join(REPOSITORY, "docs/javascript.md"), "utf8");
const blocks = [...manual.matchAll(/(?:`([\w.]+)`:\n)?```(\w+)\n([^]*?)```/g)].map(([, file, language, text]) => ({ file, language, text }));

/** The folder of a reader who has installed the package. */
function install(t) {
  const folder = mkdtempSync(path.join(tmpdir(), "albert-manual-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(INTENTS, path.join(folder, path.basename(INTENTS)));
  const commands = blocks.filter(({ language }) => language === "sh").flatMap(({ text }) => text.trim().split("\n"));
  assert.deepEqual(commands, ["npm init --yes", `npm install ../albert-edge/js/${name}-${version}.tgz`]);
  for (const command of commands) {
    const words = command.split(" ").map((word) => (word.endsWith(".tgz") ? tarball : word));
    execFileSync(words[0], [...words.slice(1), "--no-audit", "--no-fund"], { cwd: folder, stdio: "pipe" });
  }
  for (const { file, text } of blocks) if (file) writeFileSync(path.join(folder, file), text);
  return folder;
}

test("what the manual shows under Node is what is printed", (t) => {
  const folder = install(t);
  const shown = blocks.filter(({ language }) => language === "console");
  assert.equal(shown.length, 1);
  for (const { text } of shown) {
    const [command, ...lines] = text.split("\n");
    const [program, ...rest] = command.replace(/^\$ /, "").split(" ");
    assert.equal(execFileSync(program, rest, { cwd: folder, encoding: "utf8" }), lines.join("\n"));
  }
  const model = blocks.find(({ text }) => text.includes("Model.load("));
  writeFileSync(path.join(folder, "model.mjs"), model.text);
  const alone = blocks.find(({ text }) => text.includes("classifier({"));
  writeFileSync(path.join(folder, "alone.mjs"), alone.text);
  assert.equal(execFileSync("node", ["alone.mjs"], { cwd: folder, encoding: "utf8" }), "play_music\n");
  const own = blocks.find(({ text }) => text.includes("fit("));
  writeFileSync(path.join(folder, "own.mjs"), own.text);
  assert.equal(execFileSync("node", ["own.mjs"], { cwd: folder, encoding: "utf8" }), "6 music\n");
  assert.match(execFileSync("node", ["model.mjs"], { cwd: folder, encoding: "utf8" }), /^151 256 \w+\n\d+ 151\nplay_music\n$/);
});

test("what the first page shows under Node is what is printed", (t) => {
  const folder = install(t);
  const page = readFileSync(path.join(REPOSITORY, "README.md"), "utf8");
  const [, program, shown] = /```js\n([^]*?)```\n```text\n([^]*?)```/.exec(page);
  mkdirSync(path.join(folder, "models"));
  copyFileSync(INTENTS, path.join(folder, "models", path.basename(INTENTS)));
  writeFileSync(path.join(folder, "readme.mjs"), program);
  assert.equal(execFileSync("node", ["readme.mjs"], { cwd: folder, encoding: "utf8" }), shown);
});

test("the page of the manual works under the policy that it names", async (t) => {
  const folder = install(t);
  const [, policy] = /policy it works under: `([^`]+)`/.exec(manual);
  const server = await serve({ "/": folder }, { headers: { "content-security-policy": `default-src 'none'; ${policy}` } });
  t.after(server.close);
  const { context, asked } = await browse(t);
  const page = context.pages()[0];
  await page.goto(`${server.url}/index.html`);
  await page.locator("body[data-ready=yes]").waitFor();
  await page.getByLabel("Text").fill("what is the weather like");
  await page.locator("output", { hasText: "weather" }).waitFor();
  assert.deepEqual(foreign(asked, server.url), []);
});

test("the tarball holds what the package names, and nothing else", (t) => {
  const folder = path.join(install(t), "node_modules", name);
  const named = Object.values(exports).flatMap((each) => (typeof each === "string" ? [each] : Object.values(each)));
  for (const each of named) assert.ok(readFileSync(path.join(folder, each)).length > 0, each);
  assert.deepEqual(readdirSync(folder).sort(), ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "dist", "package.json"]);
  const source = readdirSync(path.join(PACKAGE, "src"));
  const modules = ["albert", "albert-classify", "albert-fit"].flatMap((each) => [each, `${each}-relaxed`]).map((each) => `${each}.wasm`);
  assert.deepEqual(readdirSync(path.join(folder, "dist")).sort(), [...source, ...modules].sort());
});
