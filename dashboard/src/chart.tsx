import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const HEIGHT = 150;

export interface ChartProps {
  readonly title: string;
  /** Seconds since 1970. */
  readonly x: readonly number[];
  readonly lines: readonly {
    readonly label: string;
    readonly color: string;
    readonly values: readonly (number | null)[];
  }[];
  readonly format: (value: number) => string;
}

function optionsOf({ lines, format }: ChartProps, width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue('--muted');
  const grid = { stroke: style.getPropertyValue('--line'), width: 1 };
  const shown = (value: number | null | undefined) => (value === null || value === undefined ? '–' : format(value));
  return {
    width,
    height: HEIGHT,
    legend: { live: true },
    cursor: { y: false },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { stroke: ink, grid, ticks: { show: false } },
      {
        stroke: ink,
        grid,
        ticks: { show: false },
        size: 64,
        values: (_plot, ticks) => ticks.map((tick) => format(tick)),
      },
    ],
    series: [
      { label: 'time' },
      ...lines.map(({ label, color }) => ({
        label,
        stroke: style.getPropertyValue(color),
        width: 2,
        points: { show: true, size: 4 },
        value: (_plot: uPlot, value: number | null) => shown(value),
      })),
    ],
  };
}

/** Lines over time; drawn anew when their number or the width changes, else only fed. */
export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data: uPlot.AlignedData = [[...props.x], ...props.lines.map(({ values }) => [...values])];

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(props, element.clientWidth), data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [props.title]);

  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <figure class="panel">
      <figcaption>{props.title}</figcaption>
      <div ref={box} />
    </figure>
  );
}
