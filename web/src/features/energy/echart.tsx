import { BarChart, SankeyChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useLayoutEffect, useRef } from 'react';

use([BarChart, SankeyChart, GridComponent, TooltipComponent, SVGRenderer]);

interface EChartProps {
  readonly option: EChartsCoreOption;
  readonly height: number;
  /** Text alternative of the chart for screen readers. */
  readonly label: string;
}

/** A chart drawn by ECharts, as wide as its container. */
export function EChart({ option, height, label }: EChartProps) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!place.current) return;
    const chart = init(place.current, undefined, { renderer: 'svg' });
    chart.setOption(option);
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [option]);
  return <div ref={place} style={{ height, minWidth: 0 }} role="img" aria-label={label} />;
}
