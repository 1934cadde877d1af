import { type ComponentProps, lazy, Suspense } from 'react';
import { Skeleton } from '../../ui/skeleton.tsx';

const EChart = lazy(async () => ({ default: (await import('./echart.tsx')).EChart }));

/** A chart whose library is fetched when the first one is shown. */
export function LazyChart(props: ComponentProps<typeof EChart>) {
  return (
    <Suspense fallback={<Skeleton height={`${props.height}px`} />}>
      <EChart {...props} />
    </Suspense>
  );
}
