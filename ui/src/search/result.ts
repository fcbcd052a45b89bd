// One found trace, ready to be listed: times as numbers, services ordered, and the orders a list can have.
import type { TraceSummary } from "../api/routes.ts";
import { between, type Instant, instant, millis } from "../text/instant.ts";

export interface Result {
  traceId: string;
  service: string;
  operation: string;
  start: Instant;
  startMs: number;
  /** ns */
  duration: number;
  spans: number;
  errors: number;
  orphans: number;
  services: { name: string; spans: number; errors: number }[];
}

export const ORDERS = ["recent", "longest", "shortest", "spans", "errors"] as const;
export type Order = (typeof ORDERS)[number];

export function resultOf(summary: TraceSummary): Result {
  const start = instant(summary.minStartTimeUnixNano);
  return {
    traceId: summary.traceId,
    service: summary.rootServiceName ?? "",
    operation: summary.rootOperationName ?? "",
    start,
    startMs: millis(start),
    duration: Math.max(0, between(start, instant(summary.maxEndTimeUnixNano))),
    spans: summary.spanCount ?? 0,
    errors: summary.errorSpanCount ?? 0,
    orphans: summary.orphanSpanCount ?? 0,
    services: (summary.services ?? [])
      .map(service => ({
        name: service.name ?? "",
        spans: service.spanCount ?? 0,
        errors: service.errorSpanCount ?? 0,
      }))
      .sort((a, b) => b.errors - a.errors || b.spans - a.spans || a.name.localeCompare(b.name)),
  };
}

const COMPARE: Record<Order, (a: Result, b: Result) => number> = {
  recent: (a, b) => between(a.start, b.start),
  longest: (a, b) => b.duration - a.duration,
  shortest: (a, b) => a.duration - b.duration,
  spans: (a, b) => b.spans - a.spans,
  errors: (a, b) => b.errors - a.errors,
};

/** Equal ones newest first. */
export function ordered(results: readonly Result[], order: Order): Result[] {
  return results.toSorted((a, b) => COMPARE[order](a, b) || COMPARE.recent(a, b));
}

export function orderFrom(text: string | null): Order {
  return ORDERS.find(order => order === text) ?? "recent";
}
