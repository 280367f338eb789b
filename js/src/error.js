/** What went wrong, in one sentence. */
export class AlbertError extends Error {
  name = "AlbertError";
}
