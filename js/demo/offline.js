// The service worker: the page's own files, from the network when there is one, else as they were kept.

const CACHE = "albert-edge-demo";

/** The page's own files; models are kept by the package. */
const FILES = [
  "./",
  "index.html",
  "style.css",
  "page.js",
  "show.js",
  ...[
    ...["index", "builds", "checksum", "download", "engine", "error", "features", "fetch-model", "instantiate"],
    ...["location", "model", "port", "prototypes", "remote", "request", "tasks", "until", "worker"],
  ].map((name) => `albert-edge/${name}.js`),
  "albert-edge/albert.wasm",
  "albert-edge/albert-relaxed.wasm",
];

self.addEventListener("install", (event) => event.waitUntil(keepFiles().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin || pathname.endsWith(".albert")) return;
  event.respondWith(answer(request));
});

async function keepFiles() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
}

async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.status === 200) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
