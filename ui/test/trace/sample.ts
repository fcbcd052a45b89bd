// Traces for the tests, written as rows of [id, parent, start, duration].
import type { ResourceSpans, Span } from "../../src/api/otlp.ts";

const BASE = 1_764_100_000_000_000_000n;
export type Row = [id: string, parent: string, start: number, duration: number, more?: Partial<Span>];

export function span([id, parent, start, duration, more]: Row): Span {
  return {
    traceId: "t",
    spanId: id,
    parentSpanId: parent || undefined,
    name: `name ${id}`,
    startTimeUnixNano: String(BASE + BigInt(start)),
    endTimeUnixNano: String(BASE + BigInt(start + duration)),
    ...more,
  };
}

export function spans(service: string, ...rows: Row[]): ResourceSpans {
  return {
    resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
    scopeSpans: [{ scope: { name: "lib" }, spans: rows.map(span) }],
  };
}
