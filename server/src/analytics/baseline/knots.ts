const MAX_PIECES = 6;
/** Minimum number of observations of a piece; smaller ones are merged with a neighbour (CalTRACK 3.4). */
const MIN_IN_PIECE = 20;

/** Ends of up to six temperature pieces of equal length, those with few observations merged; empty if the temperature does not vary. */
export function knotsOf(temperature: Float64Array): number[] {
  const sorted = temperature.toSorted();
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  if (sorted.length < MIN_IN_PIECE || !(high > low)) return [];
  const knots = [low];
  let seen = 0;
  for (let piece = 1; piece <= MAX_PIECES; piece++) {
    const end = piece === MAX_PIECES ? high : low + ((high - low) * piece) / MAX_PIECES;
    const upTo = piece === MAX_PIECES ? sorted.length : sorted.findIndex((degrees) => degrees > end);
    if (upTo - seen < MIN_IN_PIECE) {
      if (piece === MAX_PIECES && knots.length > 1) knots[knots.length - 1] = high;
      continue;
    }
    knots.push(end);
    seen = upTo;
  }
  return knots.length === 1 ? [low, high] : knots;
}
