// Which of the two builds this engine can run. Each module below uses one instruction of the proposal and nothing else.

const HEADER = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];

/** (func (result v128) i32.const 0 i8x16.splat) */
const SIMD = [...HEADER, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];
/** The same, twice more, and i32x4.relaxed_dot_i8x16_i7x16_add_s. */
const RELAXED = [
  ...HEADER, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 147, 2, 11,
];

const runs = (bytes) => WebAssembly.validate(new Uint8Array(bytes));

/** Whether 128-bit vectors are there; without them there is no build. */
export const hasSimd = () => runs(SIMD);

/** Whether the relaxed dot product is there. */
export const hasRelaxedSimd = () => runs(RELAXED);
