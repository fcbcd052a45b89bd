// What is asked on the page: the query and its time, as they stand in the address.
import { durationNs } from "../text/duration.ts";

export interface Question {
  text: string;
  /** How far back from now: `1h`. */
  lookback: string;
}

export const DEFAULT_LOOKBACK = "1h";
/** About so many points has a line. */
const POINTS = 180;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400];

export function questionFromUrl(search: string): Question {
  const params = new URLSearchParams(search);
  const lookback = params.get("lookback") ?? "";
  return { text: params.get("q") ?? "", lookback: durationNs(lookback) > 0 ? lookback : DEFAULT_LOOKBACK };
}

export function questionToUrl({ text, lookback }: Question): string {
  const params = new URLSearchParams();
  if (text) params.set("q", text);
  if (lookback !== DEFAULT_LOOKBACK) params.set("lookback", lookback);
  const written = params.toString();
  return written ? `/explore?${written}` : "/explore";
}

export function rangeOf(lookback: string, nowMs: number): { startMs: number; endMs: number } {
  return { startMs: nowMs - durationNs(lookback) / 1e6, endMs: nowMs };
}

/** Seconds between two points, a length that people count in. */
export function stepFor(rangeMs: number): number {
  return STEPS_S.find(step => rangeMs / 1e3 / step <= POINTS) ?? STEPS_S.at(-1)!;
}

const METRICS =
  /\|\s*(?:rate|count_over_time|min_over_time|max_over_time|avg_over_time|sum_over_time|quantile_over_time|histogram_over_time|compare)\s*\(/;

/** Whether a query asks for numbers over time; what stands in quotes does not count. */
export function isMetrics(text: string): boolean {
  return METRICS.test(text.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, '""'));
}
