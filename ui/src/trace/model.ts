// A trace as the pages use it. Spans are numbered in pre-order (a parent before its children, siblings by start), so the
// rows below span i are i+1 … i+descendants[i], and a number is all that rows, find and links need to name a span.
import type { Resource, Scope, Span } from "../api/otlp.ts";
import type { Instant } from "../text/instant.ts";

export type Warning = "orphan" | "cycle" | "duplicateId" | "negative";

export interface Trace {
  readonly id: string;
  readonly count: number;
  readonly spans: readonly Span[];
  /** Of the whole trace; all times below are nanoseconds after it. */
  readonly start: Instant;
  readonly duration: number;
  readonly starts: Float64Array;
  readonly durations: Float64Array;
  readonly depths: Int32Array;
  readonly descendants: Int32Array;
  /** -1: a root, or a span whose parent is not here. */
  readonly parents: Int32Array;
  readonly services: Int32Array;
  readonly serviceNames: readonly string[];
  readonly serviceSpans: readonly number[];
  readonly errors: Uint8Array;
  /** How many spans below have an error. */
  readonly errorsBelow: Int32Array;
  readonly errorCount: number;
  readonly maxDepth: number;
  readonly resources: readonly (Resource | undefined)[];
  readonly scopes: readonly (Scope | undefined)[];
  readonly resourceOf: Int32Array;
  readonly scopeOf: Int32Array;
  readonly warnings: ReadonlyMap<number, readonly Warning[]>;
}

export function nameOf(trace: Trace, span: number): string {
  return trace.spans[span]?.name ?? "";
}

export function serviceOf(trace: Trace, span: number): string {
  return trace.serviceNames[trace.services[span]!] ?? "";
}

/** The number of the span with this id, or -1. */
export function spanById(trace: Trace, id: string): number {
  const wanted = id.toLowerCase();
  return wanted ? trace.spans.findIndex(span => span.spanId === wanted) : -1;
}

/** The ancestors of a span, nearest first. */
export function ancestors(trace: Trace, span: number): number[] {
  const found: number[] = [];
  for (let at = trace.parents[span] ?? -1; at >= 0; at = trace.parents[at]!) found.push(at);
  return found;
}
