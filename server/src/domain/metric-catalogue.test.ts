import { expect, it } from 'vitest';
import { FIRST_CATALOGUE, splitMetric } from './metric-catalogue.ts';

const INTRODUCTION = `# Metrics

A metric's name is \`group.quantity_unit\`. The following metrics are built in, with unit, kind and the range outside which a value is quarantined. Any other name is
accepted as well: its unit follows from its last part (\`tank.fresh_water_percent\`, \`boiler.flow_temp_c\`), it is a gauge, and it has no range, until it is described with
\`POST /api/v1/metrics-catalogue\`.

- **gauge**: the value at an instant; its mean is weighted by time.
- **counter**: increases, and may be reset or replaced; its growth is the result.
- **delta**: an amount per interval; it is summed.

¤ is the currency of the site; \`string1\` stands for \`string1\` to \`string8\`. A test generates this page from the catalogue; \`npm test -- metric-catalogue --update\` updates it.
`;

const range = (min: number | null, max: number | null) => {
  if (min === null && max === null) return 'any';
  return `${min ?? '−∞'} … ${max ?? '∞'}`.replaceAll('-', '−').replaceAll('e+', 'e');
};

it('is documented in the manual, metric by metric', async () => {
  const listed = FIRST_CATALOGUE.filter(({ name }) => !/string[2-8]_/.test(name));
  const groups = Map.groupBy(listed, ({ name }) => splitMetric(name).group);
  const sections = Array.from(groups, ([group, metrics]) => {
    const rows = metrics.map(({ name, label, unit, kind, minimum, maximum, sign }) =>
      ['', `\`${name}\``, sign === null ? label : `${label} (${sign})`, unit, kind, range(minimum, maximum), '']
        .join(' | ')
        .trim(),
    );
    return `\n## ${group}\n\n| name | what | unit | kind | range |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  await expect(INTRODUCTION + sections.join('')).toMatchFileSnapshot('../../../docs/metrics.md');
});
