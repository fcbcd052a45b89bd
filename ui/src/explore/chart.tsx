// Lines over time with a legend: the pointer reads the values at a moment, the legend shows or hides a line.
import { useMemo, useState } from "preact/hooks";
import type { Line } from "../api/traceql.ts";
import { t } from "../i18n/index.ts";
import { useWidth } from "../parts/use-width.ts";
import { harmless, oneLine } from "../text/harmless.ts";
import { clock, day, instant } from "../text/instant.ts";
import { coloursOf } from "../trace/colours.ts";
import { nearest, plotOf, shortValue } from "./chart-plot.ts";

const HEIGHT = 280;
const LEFT = 56;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 24;
/** More lines than this can't be told from each other: the largest are drawn. */
const MOST = 100;
const DAY_MS = 86_400_000;

interface Props {
  lines: readonly Line[];
  startMs: number;
  endMs: number;
  stepS: number;
}

export function Chart({ lines, startMs, endMs, stepS }: Props) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => largest(lines), [lines]);
  const names = useMemo(() => shown.map(line => nameOf(line.labels)), [shown]);
  const colours = useMemo(() => coloursOf(names), [names]);
  const inner = { width: Math.max(50, width - LEFT - RIGHT), height: HEIGHT - TOP - BOTTOM };
  const plot = useMemo(
    () =>
      plotOf(
        shown.map((line, i) => (hidden.has(names[i]!) ? [] : line.points)),
        startMs,
        endMs,
        stepS * 1e3,
        inner.width,
        inner.height,
      ),
    [shown, hidden, startMs, endMs, stepS, width],
  );
  const words = t().explore;
  const moment = at === null ? null : startMs + (at / inner.width) * (endMs - startMs);
  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  return (
    <div class="chart" ref={ref}>
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={words.chart(lines.length)}
          onPointerMove={event => {
            const x = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT;
            setAt(x < 0 || x > inner.width ? null : x);
          }}
          onPointerLeave={() => setAt(null)}
        >
          <g transform={`translate(${LEFT} ${TOP})`}>
            {plot.marks.map(({ y, value }) => (
              <g key={value}>
                <line class="plot-line" x1={0} x2={inner.width} y1={y} y2={y} />
                <text class="plot-text" x={-8} y={y} dy="0.35em" text-anchor="end">
                  {shortValue(value)}
                </text>
              </g>
            ))}
            {plot.times.map(({ x, ms }) => (
              <text key={x} class="plot-text" x={x} y={inner.height + 18} text-anchor="middle">
                {timeText(ms, endMs - startMs)}
              </text>
            ))}
            {plot.paths.map((path, i) => (
              <path key={names[i]} class={`chart-line c${colours[i]}`} d={path} />
            ))}
            {at !== null && <line class="chart-cursor" x1={at} x2={at} y1={0} y2={inner.height} />}
          </g>
        </svg>
      )}
      <table class="chart-legend">
        <caption>
          {moment === null ? words.last : timeText(moment, 0)}
          {lines.length > shown.length && ` · ${words.mostLines(shown.length, lines.length)}`}
        </caption>
        <tbody>
          {shown.map((line, i) => {
            const name = names[i]!;
            const point = line.points[moment === null ? line.points.length - 1 : nearest(line.points, moment)];
            return (
              <tr key={name} class={`c${colours[i]}${hidden.has(name) ? " off" : ""}`}>
                <th scope="row">
                  <button type="button" aria-pressed={!hidden.has(name)} onClick={() => toggle(name)}>
                    <i class="dot" aria-hidden="true" />
                    <bdi>{oneLine(name, 240)}</bdi>
                  </button>
                </th>
                <td class="mono" title={point ? String(point[1]) : undefined}>
                  {point ? shortValue(point[1]) : "–"}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function nameOf(labels: readonly [string, string][]): string {
  if (!labels.length) return "{}";
  return harmless(`{${labels.map(([key, value]) => `${key}="${value}"`).join(", ")}}`, 500);
}

function largest(lines: readonly Line[]): readonly Line[] {
  if (lines.length <= MOST) return lines;
  const sums = new Map(lines.map(line => [line, line.points.reduce((sum, [, value]) => sum + Math.abs(value), 0)]));
  return lines.toSorted((a, b) => sums.get(b)! - sums.get(a)!).slice(0, MOST);
}

function timeText(ms: number, rangeMs: number): string {
  const moment = instant(`${Math.round(ms)}000000`);
  const time = clock(moment, 0);
  return rangeMs > DAY_MS ? `${day(moment).slice(5)} ${time.slice(0, 5)}` : time;
}
