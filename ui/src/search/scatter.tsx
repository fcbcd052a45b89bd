// The found traces as a plot of start against duration: size by spans, errors marked, a click opens.
import { useMemo } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { useWidth } from "../parts/use-width.ts";
import { navigate } from "../state/route.ts";
import { shortDuration } from "../text/duration.ts";
import { oneLine } from "../text/harmless.ts";
import { clock, instant } from "../text/instant.ts";
import { colourOf } from "../trace/colours.ts";
import type { Result } from "./result.ts";
import { placesFor, plotOf } from "./scatter-plot.ts";

const HEIGHT = 148;
const LEFT = 58;
const RIGHT = 14;
const BOTTOM = 22;
const TOP = 10;

interface Props {
  results: readonly Result[];
  lit: string | null;
  onLit: (traceId: string | null) => void;
}

export function Scatter({ results, lit, onLit }: Props) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const inner = { width: Math.max(50, width - LEFT - RIGHT), height: HEIGHT - TOP - BOTTOM };
  const plot = useMemo(() => plotOf(results, inner.width, inner.height), [results, width]);
  const places = plot.times.length ? placesFor(plot.times.at(-1)!.ms - plot.times[0]!.ms) : 0;
  return (
    <div class="scatter" ref={ref}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={t().results.scatter}>
          <g transform={`translate(${LEFT} ${TOP})`}>
            {plot.marks.map(({ y, ns }) => (
              <g key={ns}>
                <line class="plot-line" x1={0} x2={inner.width} y1={y} y2={y} />
                <text class="plot-text" x={-8} y={y} dy="0.35em" text-anchor="end">
                  {ns ? shortDuration(ns) : "0"}
                </text>
              </g>
            ))}
            {plot.times.map(({ x, ms }) => (
              <text key={x} class="plot-text" x={x} y={inner.height + 17} text-anchor="middle">
                {clock(instant(`${Math.round(ms)}000000`), places)}
              </text>
            ))}
            {plot.points.map(({ result, x, y, radius }) => (
              // biome-ignore lint/a11y/noStaticElementInteractions: the list below is the same with links; this is its picture.
              <circle
                key={result.traceId}
                class={`point${result.errors ? " has-error" : ""}${lit === result.traceId ? " lit" : ""} c${colourOf(result.service)}`}
                cx={x}
                cy={y}
                r={radius}
                onClick={() => navigate(`/trace/${result.traceId}`)}
                onPointerEnter={() => onLit(result.traceId)}
                onPointerLeave={() => onLit(null)}
              >
                <title>{`${oneLine(result.service, 60)}: ${oneLine(result.operation, 100)} · ${shortDuration(result.duration)}`}</title>
              </circle>
            ))}
          </g>
        </svg>
      )}
    </div>
  );
}
