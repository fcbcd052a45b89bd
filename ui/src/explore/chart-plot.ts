// Where lines stand in a chart of values over time. Pure; the drawing is chart.tsx.
export interface Plot {
  readonly paths: readonly string[];
  readonly marks: readonly { y: number; value: number }[];
  readonly times: readonly { x: number; ms: number }[];
  x(ms: number): number;
  y(value: number): number;
}

export type Points = readonly (readonly [number, number])[];

/** Lines over [startMs, endMs] inside `width` × `height`. A gap of more than one and a half steps breaks a line. */
export function plotOf(
  lines: readonly Points[],
  startMs: number,
  endMs: number,
  stepMs: number,
  width: number,
  height: number,
): Plot {
  const [low, high] = bounds(lines);
  const x = (ms: number) => ((ms - startMs) / Math.max(1, endMs - startMs)) * width;
  const y = (value: number) => height - ((value - low) / (high - low)) * height;
  return {
    paths: lines.map(points => pathOf(points, stepMs, x, y)),
    marks: ticks(low, high).map(value => ({ value, y: y(value) })),
    times: [0.08, 0.36, 0.64, 0.92].map(share => ({ x: share * width, ms: startMs + share * (endMs - startMs) })),
    x,
    y,
  };
}

/** From zero unless all values are far from it. */
function bounds(lines: readonly Points[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const points of lines) {
    for (const [, value] of points) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  if (low >= 0 && low < high * 0.75) low = 0;
  if (low === high) return low === 0 ? [0, 1] : [Math.min(0, low), Math.max(0, high * 1.1)];
  return [low, high + (high - low) * 0.06];
}

function pathOf(points: Points, stepMs: number, x: (ms: number) => number, y: (value: number) => number): string {
  const parts: string[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const [ms, value] of points) {
    if (!Number.isFinite(value)) continue;
    const place = `${x(ms).toFixed(1)} ${y(value).toFixed(1)}`;
    // A point alone becomes a dot: a line of no length with round ends.
    parts.push(ms - before > 1.5 * stepMs ? `M${place}h0` : `L${place}`);
    before = ms;
  }
  return parts.join("");
}

/** Three to six round values between two bounds. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(size => size >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step);
}

/** The index of the point nearest to a moment, -1 if there is none. */
export function nearest(points: Points, ms: number): number {
  let best = -1;
  for (let i = 0; i < points.length; i++) {
    if (best < 0 || Math.abs(points[i]![0] - ms) < Math.abs(points[best]![0] - ms)) best = i;
  }
  return best;
}

/** A value in few characters: `1.2k`, `3.4M`, `0.0012`. */
export function shortValue(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(1);
  const [unit, letter] = ([[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]] as const).find(([u]) => size >= u) ?? [1, ""]; // biome-ignore format: one table
  return `${Number((value / unit).toPrecision(3))}${letter}`;
}
