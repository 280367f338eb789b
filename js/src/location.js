// Where things are: a page, a worker, Node and Deno name files in different ways.

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
  const { readFile } = await import("node:fs/promises");
  return new Uint8Array(await readFile(url));
}
