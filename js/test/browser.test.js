// The package in Chromium, under a policy without `unsafe-eval`: bits, workers, the cache, damage, two tabs, no network.

import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { browse, foreign } from "./support/browser.js";
import { CONFORMANCE, PACKAGE, REPOSITORY, serve, sha256 } from "./support/server.js";
import { readFileSync } from "node:fs";

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'";
const MODEL = "/models/clinc-intents-int8.albert";
const BUILDS = ["albert.wasm", "albert-relaxed.wasm"];

/** A page under the policy, and what runs functions of `support/page.js` in it. */
async function open(t, answer = () => false) {
  const folders = {
    "/dist/": path.join(PACKAGE, "dist"),
    "/support/": path.join(PACKAGE, "test/support"),
    "/conformance/": CONFORMANCE,
    "/record/": path.join(REPOSITORY, "albert-fit/tests/data"),
    "/models/": path.join(REPOSITORY, "models"),
  };
  const blank = (request, response) => {
    if (request.url !== "/") return answer(request, response);
    response.writeHead(200, { "content-type": "text/html", "content-security-policy": POLICY });
    response.end("<!doctype html><title>test</title>");
    return true;
  };
  const server = await serve(folders, { headers: { "content-security-policy": POLICY }, answer: blank });
  t.after(server.close);
  const { context, asked } = await browse(t);
  const tab = async () => {
    const page = await context.newPage();
    const violations = [];
    page.on("console", (message) => message.type() === "error" && violations.push(message.text()));
    await page.goto(server.url);
    const call = (name, ...rest) =>
      page.evaluate(([name, rest]) => import("/support/page.js").then((module) => module[name](...rest)), [name, rest]);
    return { page, call, violations };
  };
  return { ...(await tab()), tab, context, server, asked };
}

test("a classifier is fitted in the page with the recorded bytes", async (t) => {
  const { call, violations, server } = await open(t);
  assert.deepEqual(await call("fitted", "/record/portable.json"), { report: true, head: true });
  assert.ok(server.requests.includes("GET /dist/albert-fit-relaxed.wasm"));
  assert.deepEqual(violations, []);
});

test("every task, both builds, on the page and in a worker: the recorded bits", async (t) => {
  const { call, asked, server, violations } = await open(t);
  assert.ok(await call("evalIsForbidden"));
  for (const build of [...BUILDS, undefined]) {
    for (const worker of [false, true]) {
      const { differing, cases, isa } = await call("conformance", build, worker);
      t.diagnostic(`${build ?? "the detected build"}${worker ? ", worker" : ""}: ${cases} cases, ${isa}`);
      assert.deepEqual(differing, []);
      assert.ok(cases >= 20);
      if (build === "albert.wasm") assert.equal(isa, "simd128");
    }
  }
  for (const build of BUILDS) {
    const { differing, runs } = await call("runs", build);
    assert.deepEqual(differing, []);
    assert.ok(runs > 0);
  }
  assert.deepEqual(foreign(asked, server.url), []);
  assert.deepEqual(violations.filter((text) => /Content Security Policy/.test(text) && !/unsafe-eval/.test(text)), []);
});

test("the build that is fetched is the one that the browser can run best, and no other", async (t) => {
  const { call, server } = await open(t);
  assert.equal(await call("classify", MODEL), "weather");
  const { relaxed } = await call("detected");
  assert.ok(relaxed, "this Chromium has relaxed SIMD");
  assert.deepEqual(server.requests.filter((each) => each.endsWith(".wasm")), ["GET /dist/albert-relaxed.wasm"]);
});

test("a page that classifies fetches the module for that alone", async (t) => {
  const { call, server, violations } = await open(t);
  for (const worker of [false, true]) assert.equal(await call("classifyAlone", MODEL, { worker }), "weather");
  const modules = new Set(server.requests.filter((each) => each.endsWith(".wasm")));
  assert.deepEqual([...modules], ["GET /dist/albert-classify-relaxed.wasm"]);
  assert.deepEqual(violations, []);
});

test("a download is kept, and the page works without a network", async (t) => {
  const { call, server, context } = await open(t);
  const downloads = () => server.requests.filter((each) => each.endsWith(".albert")).length;
  assert.equal(await call("classify", MODEL), "weather");
  assert.equal(downloads(), 1);
  assert.equal(await call("classify", MODEL), "weather");
  assert.equal(downloads(), 1);
  await context.setOffline(true);
  assert.equal(await call("classify", MODEL), "weather");
  assert.equal(await call("classify", MODEL, { checksum: sha256(readFileSync(path.join(REPOSITORY, MODEL))) }), "weather");
  assert.match(await call("failure", MODEL, { cache: false }), /^AlbertError: http/);
});

test("a copy that is damaged is downloaded again", async (t) => {
  const { call, server } = await open(t);
  const checksum = sha256(readFileSync(path.join(REPOSITORY, MODEL)));
  const downloads = () => server.requests.filter((each) => each.endsWith(".albert")).length;
  await call("classify", MODEL);
  await call("damageCache", MODEL, "cut");
  assert.equal(await call("classify", MODEL), "weather");
  assert.equal(downloads(), 2);
  await call("damageCache", MODEL, "flip");
  assert.equal(await call("classify", MODEL, { checksum }), "weather");
  assert.equal(downloads(), 3);
});

test("a download that is damaged is refused and not kept", async (t) => {
  const damaged = readFileSync(path.join(REPOSITORY, MODEL));
  damaged[damaged.length - 5000] ^= 1;
  const answer = (request, response) => request.url === "/damaged.albert" && Boolean(response.end(damaged));
  const { call } = await open(t, answer);
  for (const worker of [false, true]) {
    assert.match(await call("failure", "/damaged.albert", { worker }), /^AlbertError: .*checksum/i);
    assert.equal(await call("isKept", "/damaged.albert"), false);
  }
});

test("two tabs at once", async (t) => {
  const { call, tab } = await open(t);
  const other = await tab();
  const labels = await Promise.all([
    call("classify", MODEL),
    other.call("classify", MODEL, { worker: true }),
    call("classify", MODEL, { worker: true }),
    other.call("classify", MODEL),
  ]);
  assert.deepEqual(labels, Array(4).fill("weather"));
});

test("a page stays responsive while texts run", async (t) => {
  const { call } = await open(t);
  const [here, worker] = [await call("longestPause", false), await call("longestPause", true)];
  t.diagnostic(`longest pause: ${here.toFixed(1)} ms, with a worker ${worker.toFixed(1)} ms`);
  assert.ok(worker < 500);
});
