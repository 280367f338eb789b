// Where things are: a page, a worker, Node and Deno name files in different ways.

/** Whether a source is a place and no content. Asked first: Node loads its code for a `Response` when that is named, for 25 ms. */
export const isPlace = (source) => typeof source === "string" || source instanceof URL;

/** The URL that a person means: relative ones start at the page, or at the folder that a program runs in. */
export function locate(source) {
  return new URL(source, globalThis.location?.href ?? workingFolder());
}

function workingFolder() {
  const folder = globalThis.process?.cwd?.() ?? "";
  return `file://${folder.replace(/[%#?]/g, encodeURIComponent)}/`;
}

/** The bytes of a file of Node or Deno. */
export async function readLocal(url) {
  const { open } = await import("node:fs/promises");
  const file = await open(url);
  try {
    // In one call where the system does so: `readFile` makes one for every 512 kB, which takes ten times as long.
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    let end = 0;
    for (let count = -1; count !== 0 && end < bytes.length; end += count) {
      count = (await file.read(bytes, end, bytes.length - end, end)).bytesRead;
    }
    // What has no size, a pipe perhaps, is read to its end.
    return size === 0 ? new Uint8Array(await file.readFile()) : bytes.subarray(0, end);
  } finally {
    await file.close();
  }
}
