import { useQuery } from '@tanstack/react-query';
import { useQueries } from '../../app-context.tsx';

/** How drivers and coefficients are called: `outdoor_temp_c` and `environment.outdoor_temp_c` are Outdoor temperature. */
export function useDriverLabel(): (name: string) => string {
  const metrics = useQuery(useQueries().metrics());
  return (name) => {
    const metric = metrics.data?.find(
      (one) => one.name === name || one.name.endsWith(`.${name}`) || one.name.replace('.', '_') === name,
    );
    return metric?.label ?? name.replaceAll('_', ' ');
  };
}
