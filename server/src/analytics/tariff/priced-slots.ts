/** Energy to be priced, by slot. No slot crosses local midnight; NaN energy is not known and costs nothing. */
export interface PricedSlots {
  /** Epoch milliseconds, one more than there are slots. */
  readonly edges: Float64Array;
  readonly importKwh: Float64Array;
  readonly exportKwh: Float64Array;
  /** `price.import_per_kwh` and `price.export_per_kwh` by slot, NaN where not known; null when no feed has them. */
  readonly importPrice: Float64Array | null;
  readonly exportPrice: Float64Array | null;
}
