// Where the traces of a search stand in a plot of start against duration. Pure; the drawing is scatter.tsx.
import { durationNs } from "../text/duration.ts";
import type { Result } from "./result.ts";

export interface Point {
  readonly result: Result;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

export interface Plot {
  readonly points: readonly Point[];
  readonly marks: readonly { y: number; ns: number }[];
  readonly times: readonly { x: number; ms: number }[];
}

/** Inside `width` × `height`; the scale of durations is logarithmic when they differ by more than a factor of ten. */
export function plotOf(results: readonly Result[], width: number, height: number): Plot {
  if (!results.length) return { points: [], marks: [], times: [] };
  const starts = results.map(result => result.startMs);
  const lengths = results.map(result => Math.max(1, result.duration));
  const [early, late] = widened(Math.min(...starts), Math.max(...starts), 1);
  const most = Math.max(...lengths);
  const least = Math.min(...lengths);
  const logarithmic = most / least > 10;
  const low = logarithmic ? Math.log10(least) - 0.15 : 0;
  const high = logarithmic ? Math.log10(most) + 0.15 : most * 1.1;
  const x = (ms: number) => ((ms - early) / (late - early)) * width;
  const y = (ns: number) => height - (((logarithmic ? Math.log10(Math.max(1, ns)) : ns) - low) / (high - low)) * height;
  const largest = Math.sqrt(Math.max(...results.map(result => result.spans), 1));
  return {
    // Large bubbles first, so that a small one is never buried.
    points: results
      .map(result => ({
        result,
        x: x(result.startMs),
        y: y(result.duration),
        radius: 3 + 4.5 * (Math.sqrt(result.spans) / largest),
      }))
      .sort((a, b) => b.radius - a.radius),
    marks: (logarithmic ? decades(low, high) : fifths(high)).map(ns => ({ ns, y: y(ns) })),
    times: [0.1, 0.5, 0.9].map(share => ({ x: share * width, ms: early + share * (late - early) })),
  };
}

function widened(low: number, high: number, least: number): [number, number] {
  const margin = Math.max((high - low) * 0.03, least);
  return [low - margin, high + margin];
}

function decades(low: number, high: number): number[] {
  const all = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => 10 ** (Math.ceil(low) + i));
  const every = Math.ceil(all.length / 5);
  return all.filter((_, i) => i % every === 0);
}

function fifths(high: number): number[] {
  const rough = high / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough) ?? rough;
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, i) => i * step);
}

/** How exactly times are to be written for a plot of this length, in digits of a second. */
export function placesFor(spanMs: number): 0 | 3 {
  return spanMs * 1e6 < durationNs("10s") ? 3 : 0;
}
