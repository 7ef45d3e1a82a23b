import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { day, minute, moment } from './format.ts';

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

const FONT = '12px system-ui, sans-serif';
const DAY_S = 86_400;

/** From 0, and below it where something is. */
function rangeOf(_plot: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  const low = Math.min(0, min ?? 0);
  const high = Math.max(0, max ?? 0);
  return [low * 1.1, high === 0 && low === 0 ? 1 : high * 1.1];
}

/** As wide as the longest label. */
function widthOf(_plot: uPlot, labels: string[] | null): number {
  const pen = document.createElement('canvas').getContext('2d');
  if (pen === null) return 80;
  pen.font = FONT;
  return Math.ceil(Math.max(0, ...(labels ?? []).map((label) => pen.measureText(label).width))) + 14;
}

/** The time; the day where it is the first of its day. */
function timesOf(_plot: uPlot, ticks: number[], _axis: number, _space: number, step: number): string[] {
  let before = '';
  return ticks.map((tick) => {
    const date = day(tick * 1000);
    if (step >= DAY_S) return date;
    const time = minute(tick * 1000);
    const label = date === before ? time : `${time}\n${date}`;
    before = date;
    return label;
  });
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
    scales: { y: { range: rangeOf } },
    axes: [
      { stroke: ink, grid, font: FONT, ticks: { show: false }, values: timesOf },
      {
        stroke: ink,
        grid,
        font: FONT,
        ticks: { show: false },
        size: widthOf,
        values: (_plot, ticks) => ticks.map((tick) => format(tick)),
      },
    ],
    series: [
      {
        label: 'time',
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : moment(value * 1000)),
      },
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
