// What several tests need.

import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import path from "node:path";

export const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
export const REPOSITORY = path.join(PACKAGE, "..");
export const CONFORMANCE = path.join(REPOSITORY, "conformance");
export const INTENTS = path.join(PACKAGE, "site/models/clinc-intents-int8.albert");
export const recorded = JSON.parse(readFileSync(path.join(CONFORMANCE, "conformance.json"), "utf8"));
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

/**
 * A server of static files; `folders` are from path prefixes to folders, the first that fits counts. `answer(request, response)`
 * may answer itself and return true. Requests are counted in `requests`.
 */
export async function serve(folders, { headers = {}, answer = () => false } = {}) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    requests.push(`${request.method} ${pathname}`);
    if (answer(request, response)) return;
    const prefix = Object.keys(folders).find((each) => pathname.startsWith(each));
    const name = prefix && path.join(folders[prefix], decodeURIComponent(pathname.slice(prefix.length)) || "index.html");
    const found = name && (await stat(name).catch(() => undefined));
    const file = found?.isDirectory() ? path.join(name, "index.html") : name;
    if (!found) {
      response.writeHead(404, headers).end();
      return;
    }
    const { size } = await stat(file);
    response.writeHead(200, {
      "content-type": TYPES[path.extname(file)] ?? "application/octet-stream",
      "content-length": size,
      ...headers,
    });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close };
}
