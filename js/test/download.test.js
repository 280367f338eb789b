// Downloads: progress, resumption, checksums, the end by a signal.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { AlbertError, Model, fetchModel } from "albert-edge";
import { INTENTS, serve, sha256 } from "./support/server.js";

const bytes = readFileSync(INTENTS);

/** A server of the model that drops the connection after `most` bytes of an answer, the first `breaks` times. */
async function unreliable(t, { most = 1_000_000, breaks = 1, ranges = true, tag = '"1"', change = false } = {}) {
  const asked = [];
  const answer = (request, response) => {
    asked.push(request.headers.range);
    const version = change && asked.length > 1 ? '"2"' : tag;
    const range = ranges && request.headers["if-range"] === version ? /^bytes=(\d+)-$/.exec(request.headers.range ?? "") : null;
    const from = range ? Number(range[1]) : 0;
    const headers = { "content-length": bytes.length - from, ...(version && { etag: version }) };
    if (range) headers["content-range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(range ? 206 : 200, headers);
    if (asked.length > breaks) response.end(bytes.subarray(from));
    else response.write(bytes.subarray(from, from + most), () => setTimeout(() => response.destroy(), 50));
    return true;
  };
  const server = await serve({}, { answer });
  t.after(server.close);
  return { url: `${server.url}/m.albert`, asked };
}

test("progress is told, to the last byte", async (t) => {
  const { url, asked } = await unreliable(t, { breaks: 0 });
  const told = [];
  const whole = await fetchModel(url, { progress: (loaded, total) => told.push([loaded, total]) });
  assert.equal(sha256(whole), sha256(bytes));
  assert.deepEqual(told.at(-1), [bytes.length, bytes.length]);
  assert.ok(told.every(([loaded], index) => index === 0 || loaded > told[index - 1][0]));
  assert.deepEqual(asked, [undefined]);
});

test("a length that is said and not meant takes no memory", async () => {
  const whole = await fetchModel(new Response(bytes, { headers: { "content-length": "10000000000000" } }));
  assert.equal(sha256(whole), sha256(bytes));
});

test("a file whose length the server does not say", async (t) => {
  const answer = (_, response) => {
    response.write(bytes.subarray(0, 70_000));
    return Boolean(response.end(bytes.subarray(70_000)));
  };
  const server = await serve({}, { answer });
  t.after(server.close);
  const told = [];
  const whole = await fetchModel(`${server.url}/m.albert`, { progress: (_, total) => told.push(total) });
  assert.equal(sha256(whole), sha256(bytes));
  assert.ok(told.length > 1 && told.every((total) => total === undefined));
});

test("a broken download goes on where it ended", async (t) => {
  const { url, asked } = await unreliable(t, { breaks: 2, most: 700_000 });
  const whole = await fetchModel(url, { checksum: sha256(bytes) });
  assert.equal(whole.length, bytes.length);
  assert.equal(asked.length, 3);
  assert.match(asked[1], /^bytes=[1-9]\d*-$/);
  assert.ok(Number(/\d+/.exec(asked[2])[0]) > Number(/\d+/.exec(asked[1])[0]));
});

for (const [name, options] of [
  ["has no ranges", { ranges: false }],
  ["has another version by then", { change: true }],
  ["does not name versions", { tag: undefined }],
]) {
  test(`it starts anew when the server ${name}`, async (t) => {
    const { url, asked } = await unreliable(t, options);
    assert.equal(sha256(await fetchModel(url)), sha256(bytes));
    assert.equal(asked.length, 2);
  });
}

test("a server that never delivers is given up", async (t) => {
  const { url, asked } = await unreliable(t, { breaks: 100, most: 10, ranges: false });
  await assert.rejects(fetchModel(url), AlbertError);
  assert.equal(asked.length, 4);
});

test("an error of the server is not tried again", async (t) => {
  const server = await serve({});
  t.after(server.close);
  await assert.rejects(Model.load(`${server.url}/m.albert`), /HTTP 404/);
  assert.equal(server.requests.length, 1);
});

test("another file than the checksum's is refused, as is a damaged download", async (t) => {
  const { url } = await unreliable(t, { breaks: 0 });
  await assert.rejects(fetchModel(url, { checksum: "0".repeat(64) }), /checksum/);
  const damaged = Uint8Array.from(bytes);
  damaged[damaged.length - 5000] ^= 1;
  const server = await serve({}, { answer: (_, response) => Boolean(response.end(damaged)) });
  t.after(server.close);
  await assert.rejects(Model.load(`${server.url}/m.albert`), AlbertError);
});

test("a signal ends a download", async (t) => {
  const { url } = await unreliable(t, { breaks: 100 });
  const ending = new AbortController();
  const reason = new Error("enough");
  const loading = Model.load(url, { signal: ending.signal, progress: () => ending.abort(reason) });
  await assert.rejects(loading, (error) => error === reason);
  await assert.rejects(Model.load(url, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
});
