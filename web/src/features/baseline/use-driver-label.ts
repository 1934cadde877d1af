import { useMetrics } from '../../use-metrics.ts';

const CALENDAR_PREFIX = 'calendar:';

/** Labels of drivers and coefficients: `outdoor_temp_c` and `environment.outdoor_temp_c` are Outdoor temperature. */
export function useDriverLabel(): (name: string) => string {
  const metrics = useMetrics();
  return (name) => {
    if (name.startsWith(CALENDAR_PREFIX)) return name.slice(CALENDAR_PREFIX.length);
    const [source, category] = name.split(' = ');
    if (source !== undefined && category !== undefined) return `${labelOf(source)} = ${category}`;
    return labelOf(name);
  };
  function labelOf(name: string): string {
    const metric = metrics?.find(
      (one) => one.name === name || one.name.endsWith(`.${name}`) || one.name.replace('.', '_') === name,
    );
    return metric?.label ?? name.replaceAll('_', ' ');
  }
}
