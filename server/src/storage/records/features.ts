/** What is asked of a feature flag; flags that were never switched have no record. */
export interface FeatureRecord {
  readonly name: string;
  readonly enabled: boolean;
  readonly updatedAt: number;
}

export interface Features {
  list(): Promise<FeatureRecord[]>;
  set(name: string, enabled: boolean): Promise<FeatureRecord>;
}
