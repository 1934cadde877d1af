import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeSavings, type SavingsEvidence } from './savings.ts';

const criterion = (rule: string, passed: boolean | null) => ({
  rule,
  source: 'a standard',
  value: 0.4,
  threshold: '≥ 0.50',
  passed,
});
const EVIDENCE: SavingsEvidence = {
  savedKwh: 1000,
  uncertaintyKwh: 200,
  resolution: 'hour',
  compared: 1000,
  missing: 0,
  trainedOn: 0,
  extrapolated: 0,
  meansOutside: [],
  criteria: [criterion('floor of R²', true), criterion('Durbin–Watson', null)],
};
const verdictOf = (some: Partial<SavingsEvidence>) => judgeSavings({ ...EVIDENCE, ...some }).verdict;

describe('a saving', () => {
  it('is significant if its uncertainty is below half of it, whatever its components', () => {
    expect(verdictOf({})).toBe('significant');
    expect(verdictOf({ savedKwh: -1000 })).toBe('significant');
    expect(verdictOf({ uncertaintyKwh: 500 })).toBe('not_significant');
    expect(verdictOf({ savedKwh: 0 })).toBe('not_significant');
  });

  it('of 57 kWh ± 506 is not significant, with the fraction and every criterion that failed', () => {
    const names = ['Durbin–Watson', 'constant variance, p', 'days with data', 'months biased by more than 1 %'];
    const criteria = names.map((rule) => criterion(rule, false));
    const judged = judgeSavings({ ...EVIDENCE, savedKwh: -57, uncertaintyKwh: 506, criteria });
    expect(judged.verdict).toBe('not_significant');
    expect(judged.reasons).toHaveLength(5);
    expect(judged.reasons[0]).toBe(
      'the fractional savings uncertainty at 90 % is 8.88: not below 0.50 (NMEC practice)',
    );
    for (const [i, name] of names.entries()) expect(judged.reasons[i + 1]).toContain(name);
  });

  it.each<[string, Partial<SavingsEvidence>, RegExp]>([
    [
      'a model below the floor of R²',
      { criteria: [criterion('floor of R²', false)] },
      /floor of R² ≥ 0.50 .* it is 0.4$/,
    ],
    ['a range that the model was trained on', { trainedOn: 3 }, /^3 of 1000 hours are in the range/],
    ['too few hours', { missing: 500 }, /^66.7 % of the hours can be compared, and 90 % are needed/],
    ['a driver beyond its range', { meansOutside: ['outdoor_temp_c'] }, /^the mean of outdoor_temp_c is outside/],
  ])('is not valid with %s, at any size', (_, some, reason) => {
    const judged = judgeSavings({ ...EVIDENCE, ...some });
    expect(judged.verdict).toBe('not_valid');
    expect(judged.reasons[0]).toMatch(reason);
  });

  it('without any hour only reports the missing hours', () => {
    expect(verdictOf({ compared: 0, missing: 24 })).toBe('no_data');
  });

  it('always states the reason, and more uncertainty never makes it significant', () => {
    const some = fc.record({
      savedKwh: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      uncertaintyKwh: fc.double({ min: 0, max: 1e6, noNaN: true }),
      compared: fc.nat(1000),
      missing: fc.nat(1000),
      trainedOn: fc.nat(3),
    });
    fc.assert(
      fc.property(some, fc.double({ min: 1, max: 10, noNaN: true }), (evidence, more) => {
        const judged = judgeSavings({ ...EVIDENCE, ...evidence });
        expect(judged.reasons.length).toBeGreaterThan(0);
        const wider = verdictOf({ ...evidence, uncertaintyKwh: evidence.uncertaintyKwh * more });
        if (judged.verdict !== 'significant') expect(wider).toBe(judged.verdict);
      }),
    );
  });
});
