/** Median of the known values; NaN if there are none. */
export function medianOf(values: Float64Array): number {
  return quantileOf(values, 0.5);
}

/** Quantile of the known values, interpolated between neighbours; NaN if there are none. @param share 0–1 */
export function quantileOf(values: Float64Array, share: number): number {
  const known = values.filter((value) => value === value).sort();
  if (known.length === 0) return Number.NaN;
  const at = share * (known.length - 1);
  const low = known[Math.floor(at)]!;
  const high = known[Math.ceil(at)]!;
  return low + (high - low) * (at - Math.floor(at));
}
