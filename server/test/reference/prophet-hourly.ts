/**
 * Golden values of Prophet 1.5.0 (Python) on 60 days of hours from Monday 2026-01-05 00:00: `prophetSeries(h)`, with a daily season of
 * order 6 and a weekly one of order 10 (prior scale 10 both) and no other; `yhat` of the 24 hours that follow.
 */
export const PROPHET_GOLDEN = [
  43.9839, 44.1663, 44.0264, 43.6734, 43.3585, 43.392, 44.0784, 45.6244, 48.0351, 51.0814, 54.3527, 57.3402, 59.5295,
  60.518, 60.1227, 58.4118, 55.6654, 52.313, 48.845, 45.6853, 43.0834, 41.0969, 39.6325, 38.4801,
];

/** kW of the hour `h`: a trend, two harmonics a day, lower at weekends, and noise that does not repeat. */
export function prophetSeries(h: number): number {
  const noise = 0.9 * Math.sin(h * 12.9898) + 0.5 * Math.sin(h * 78.233);
  const day = 8 * Math.sin((2 * Math.PI * (h - 7)) / 24) + 3 * Math.sin((4 * Math.PI * h) / 24 + 1);
  return 40 + (0.05 * h) / 24 + day + (Math.floor(h / 24) % 7 < 5 ? 6 : -6) + noise;
}
