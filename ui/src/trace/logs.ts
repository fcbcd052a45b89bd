// The logs of a trace beside its spans: times relative to the trace, the span each belongs to.
import type { LogRecord } from "../api/routes.ts";
import { between, type Instant, instant } from "../text/instant.ts";
import { plain } from "./attributes.ts";
import type { Trace } from "./model.ts";

export type Level = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "unset";

export interface Log {
  at: Instant;
  /** ns after the start of the trace */
  offset: number;
  level: Level;
  severity: string;
  service: string;
  body: string;
  attributes: Record<string, unknown>;
  /** -1: of no span that is here */
  span: number;
}

const LEVELS: readonly Level[] = ["trace", "debug", "info", "warn", "error", "fatal"];

export function levelOf(severityNumber: number | undefined): Level {
  return LEVELS[Math.ceil((severityNumber ?? 0) / 4) - 1] ?? "unset";
}

export function logsOf(trace: Trace, records: readonly LogRecord[]): Log[] {
  const numbers = new Map(trace.spans.map((span, number) => [span.spanId, number]));
  return records
    .map(record => {
      const at = instant(record.timeUnixNano);
      const level = levelOf(record.severityNumber);
      return {
        at,
        offset: between(trace.start, at),
        level,
        severity: record.severityText || (level === "unset" ? "" : level.toUpperCase()),
        service: record.service ?? "",
        body: plain(record.body).text,
        attributes: record.attributes ?? {},
        span: (record.spanId ? numbers.get(record.spanId) : undefined) ?? -1,
      };
    })
    .sort((a, b) => a.offset - b.offset);
}
