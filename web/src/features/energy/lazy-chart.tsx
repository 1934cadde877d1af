import { type ComponentProps, lazy, Suspense } from 'react';
import { loadPart } from '../../load-part.ts';
import { Skeleton } from '../../ui/feedback/skeleton.tsx';

const EChart = lazy(async () => ({ default: (await loadPart(() => import('./echart.tsx'))).EChart }));

/** A chart whose library is loaded when the first chart is shown. */
export function LazyChart(props: ComponentProps<typeof EChart>) {
  return (
    <Suspense fallback={<Skeleton height={`${props.height}px`} />}>
      <EChart {...props} />
    </Suspense>
  );
}
