const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const SEED = 0x57_4b_53_31;

/**
 * 32-bit hash of a row: its instant and its values with their column numbers, ascending. Missing values (null, NaN) do not count, so that a
 * new column does not change the hash. MurmurHash3 (Appleby, x86 32-bit variant): every step is a bijection, so one changed word is always
 * detected.
 */
export function hashRow(instant: number, numbers: readonly number[], values: ArrayLike<number | null>): number {
  let hash = mixNumber(SEED, instant);
  let count = 2;
  for (let c = 0; c < numbers.length; c++) {
    const value = values[c]!;
    if (value === null || value !== value) continue;
    hash = mixNumber(mix(hash, numbers[c]!), value);
    count += 3;
  }
  hash ^= count;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mixNumber(hash: number, value: number): number {
  // SQLite does not store the sign of zero.
  float[0] = value + 0;
  return mix(mix(hash, words[0]!), words[1]!);
}

function mix(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e_2d51);
  const mixed = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b87_3593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe654_6b64) | 0;
}
