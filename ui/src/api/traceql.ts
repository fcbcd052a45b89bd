// TraceQL over Tempo's API: searches, metrics, and what may come next in a half-typed query.
import { getJson } from "./client.ts";

type AnyValue = {
  stringValue?: string;
  intValue?: string;
  doubleValue?: number | string;
  boolValue?: boolean;
  arrayValue?: { values?: AnyValue[] };
};
type Attribute = { key: string; value: AnyValue };

interface SpanFound {
  spanID: string;
  name?: string;
  startTimeUnixNano: string;
  durationNanos?: string;
  attributes?: Attribute[];
}

interface TraceFound {
  traceID: string;
  rootServiceName: string;
  rootTraceName?: string;
  startTimeUnixNano: string;
  durationMs?: number;
  spanSets?: { spans: SpanFound[]; matched: number; attributes?: Attribute[] }[];
  serviceStats?: Record<string, { spanCount: number; errorCount?: number }>;
}

interface SeriesFound {
  labels?: Attribute[];
  samples?: { timestampMs: string; value?: number | string }[];
}

export interface FoundSpan {
  spanId: string;
  name: string;
  start: string;
  durationNs: number;
  attributes: [string, string][];
}

export interface FoundTrace {
  traceId: string;
  service: string;
  name: string;
  start: string;
  durationMs: number;
  spans: number;
  errors: number;
  sets: { matched: number; attributes: [string, string][]; spans: FoundSpan[] }[];
}

export interface Line {
  labels: [string, string][];
  /** [ms since 1970, value] in the order of time. */
  points: [number, number][];
}

export interface Suggestions {
  /** Where what is suggested begins to replace the text, in characters. */
  start: number;
  suggestions: { text: string; kind: string }[];
}

interface Range {
  startMs: number;
  endMs: number;
}

export async function searchTraces(
  query: string,
  range: Range,
  limit: number,
  signal?: AbortSignal,
): Promise<FoundTrace[]> {
  const params = new URLSearchParams({ q: query, ...seconds(range), limit: String(limit), spss: "20" });
  const { traces } = await getJson<{ traces?: TraceFound[] }>(`/api/search?${params}`, signal);
  return (traces ?? []).map(foundTrace);
}

export async function measureTraces(query: string, range: Range, stepS: number, signal?: AbortSignal): Promise<Line[]> {
  const params = new URLSearchParams({ q: query, ...seconds(range), step: `${stepS}s` });
  const { series } = await getJson<{ series?: SeriesFound[] }>(`/api/metrics/query_range?${params}`, signal);
  return (series ?? []).map(found => ({
    labels: pairs(found.labels),
    points: (found.samples ?? []).map(sample => [Number(sample.timestampMs), Number(sample.value ?? 0)]),
  }));
}

export function suggest(query: string, cursor: number, range: Range, signal?: AbortSignal): Promise<Suggestions> {
  // The server counts characters, this language 16-bit units.
  const at = [...query.slice(0, cursor)].length;
  const params = new URLSearchParams({ q: query, cursor: String(at), ...seconds(range) });
  return getJson<Suggestions>(`/api/v2/search/complete?${params}`, signal);
}

function seconds({ startMs, endMs }: Range): { start: string; end: string } {
  return { start: String(Math.floor(startMs / 1e3)), end: String(Math.ceil(endMs / 1e3)) };
}

function foundTrace(found: TraceFound): FoundTrace {
  const stats = Object.values(found.serviceStats ?? {});
  return {
    traceId: found.traceID,
    service: found.rootServiceName,
    name: found.rootTraceName ?? "",
    start: found.startTimeUnixNano,
    durationMs: found.durationMs ?? 0,
    spans: stats.reduce((sum, each) => sum + each.spanCount, 0),
    errors: stats.reduce((sum, each) => sum + (each.errorCount ?? 0), 0),
    sets: (found.spanSets ?? []).map(set => ({
      matched: set.matched,
      attributes: pairs(set.attributes),
      spans: set.spans.map(span => ({
        spanId: span.spanID,
        name: span.name ?? "",
        start: span.startTimeUnixNano,
        durationNs: Number(span.durationNanos ?? 0),
        attributes: pairs(span.attributes),
      })),
    })),
  };
}

function pairs(attributes: Attribute[] | undefined): [string, string][] {
  return (attributes ?? []).map(({ key, value }) => [key, valueText(value)]);
}

function valueText(value: AnyValue): string {
  if (value.arrayValue) return `[${(value.arrayValue.values ?? []).map(valueText).join(", ")}]`;
  return String(value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? "");
}
