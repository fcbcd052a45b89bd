// The routes that the pages read, with their answers' shapes.
import { getJson } from "./client.ts";
import type { ResourceSpans } from "./otlp.ts";

export interface ServiceCount {
  name?: string;
  spanCount?: number;
  errorSpanCount?: number;
}

export interface TraceSummary {
  traceId: string;
  rootServiceName?: string;
  rootOperationName?: string;
  minStartTimeUnixNano?: string;
  maxEndTimeUnixNano?: string;
  spanCount?: number;
  errorSpanCount?: number;
  orphanSpanCount?: number;
  services?: ServiceCount[];
}

export interface Operation {
  name: string;
  spanKind?: string;
}

export interface LogRecord {
  timeUnixNano?: string;
  severityText?: string;
  severityNumber?: number;
  service?: string;
  body?: unknown;
  attributes?: Record<string, unknown>;
  spanId?: string;
}

/** What was measured; kind and status are OTLP's numbers. */
export interface Measured {
  service: string;
  timeUnixNano: string;
  name?: string;
  kind?: number;
  status?: number;
  durationNanos?: string;
}

/** An exemplar's trace: stored, or a kept span with the same attributes in its place, or neither. */
export interface Exemplar {
  traceId: string;
  stored: boolean;
  exemplar: Measured | null;
  substitute: { traceId: string; spanId: string; startTimeUnixNano: string; durationNanos: string } | null;
}

export async function fetchServices(signal?: AbortSignal): Promise<string[]> {
  const { services } = await getJson<{ services?: string[] }>("/api/v3/services", signal);
  return (services ?? []).toSorted((a, b) => a.localeCompare(b));
}

export async function fetchOperations(service: string, signal?: AbortSignal): Promise<Operation[]> {
  const query = new URLSearchParams({ service });
  const { operations } = await getJson<{ operations?: Operation[] }>(`/api/v3/operations?${query}`, signal);
  return operations ?? [];
}

export async function fetchSummaries(query: URLSearchParams, signal?: AbortSignal): Promise<TraceSummary[]> {
  const { summaries } = await getJson<{ summaries?: TraceSummary[] }>(`/api/v3/trace-summaries?${query}`, signal);
  return summaries ?? [];
}

export function traceAddress(id: string): string {
  return `/api/v3/traces/${encodeURIComponent(id)}`;
}

export async function fetchTrace(id: string, signal?: AbortSignal): Promise<ResourceSpans[]> {
  const { result } = await getJson<{ result?: { resourceSpans?: ResourceSpans[] } }>(traceAddress(id), signal);
  return result?.resourceSpans ?? [];
}

export async function fetchLogs(id: string, signal?: AbortSignal): Promise<LogRecord[]> {
  const { logs } = await getJson<{ logs?: LogRecord[] }>(
    `/api/otelier/v1/traces/${encodeURIComponent(id)}/logs`,
    signal,
  );
  return logs ?? [];
}

const OF_EXEMPLAR = ["span", "service", "name", "kind", "status", "duration"];

/** `said`: parameters of the page's address. */
export function fetchExemplar(id: string, said: URLSearchParams, signal?: AbortSignal): Promise<Exemplar> {
  const query = new URLSearchParams({ time: said.get("exemplar") ?? "" });
  for (const name of OF_EXEMPLAR) {
    const value = said.get(name);
    if (value) query.set(name, value);
  }
  return getJson<Exemplar>(`/api/otelier/v1/exemplars/${encodeURIComponent(id)}?${query}`, signal);
}
