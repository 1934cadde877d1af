/** Energy to be priced, by slot. No slot crosses local midnight; NaN energy is unknown and costs nothing. */
export interface PricedSlots {
  /** Epoch milliseconds; one edge more than slots. */
  readonly edges: Float64Array;
  readonly importKwh: Float64Array;
  readonly exportKwh: Float64Array;
  /** `price.import_per_kwh` and `price.export_per_kwh` by slot, NaN if unknown; null if not published. */
  readonly importPrice: Float64Array | null;
  readonly exportPrice: Float64Array | null;
}
