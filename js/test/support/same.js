// Comparison to the bit. Runs in the browser, too.

/** Whether numbers are the same f32 bits, and everything else is equal. */
export function same(a, b) {
  if (typeof a === "number" && typeof b === "number") return Object.is(Math.fround(a), Math.fround(b));
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** A recorded response in the form of this package: vectors are one Float32Array. */
export function expected(response) {
  if (response.embedding) return Float32Array.from(response.embedding);
  if (response.last_hidden_state) return Float32Array.from(response.last_hidden_state.flat());
  return response;
}

/** CRC-32, as zlib's, of the bytes of floats, in hexadecimal. */
export function crc32(floats) {
  let crc = -1;
  for (const byte of new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
}

/** A recorded run as an open model gives it. */
export function rerun(model, run) {
  const { input_ids, token_type_ids } = model.tokenize(run.text, run.text_pair);
  const hidden = model.task("feature-extraction").run({ input_ids, token_type_ids });
  const found = { ...run, input_ids, token_type_ids, last_hidden_state_crc32: crc32(hidden) };
  if (run.logits === undefined) return found;
  const logits = model.logits(run);
  return { ...found, logits: logits.length, logits_crc32: crc32(logits) };
}
