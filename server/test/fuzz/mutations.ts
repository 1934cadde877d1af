/** A reproducible source of random numbers. */
export type Chance = (below: number) => number;

/** Mulberry32: small, and good enough to choose mutations. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** One to four mutations of a real document; `spice` are fragments with a meaning in its format. */
export function mutate(document: Buffer, others: readonly Buffer[], spice: readonly string[], chance: Chance): Buffer {
  let bytes: Buffer = Buffer.from(document);
  for (let changes = 1 + chance(4); changes > 0; changes--) bytes = change(bytes, others, spice, chance);
  return bytes;
}

function change(bytes: Buffer, others: readonly Buffer[], spice: readonly string[], chance: Chance): Buffer {
  const at = chance(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + chance(12));
  const insert = (piece: Buffer) => Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  switch (chance(8)) {
    case 0: {
      const changed = Buffer.from(bytes);
      if (at < bytes.length) changed[at] = chance(256);
      return changed;
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 2:
      return insert(bytes.subarray(at, to));
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), pick(others, chance).subarray(chance(20))]);
    case 5:
      return insert(Buffer.from(pick(spice, chance).repeat(1 + chance(pick([4, 40, 400], chance)))));
    default:
      return insert(Buffer.from(pick(spice, chance)));
  }
}

export function pick<T>(from: readonly T[], chance: Chance): T {
  return from[chance(from.length)]!;
}
