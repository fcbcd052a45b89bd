// SQL over `/api/sql`: an answer as a table or as CSV, and which views there are.
import { getJson, post } from "./client.ts";

export type Cell = string | number | boolean | null | Cell[] | { [key: string]: Cell };

export interface Table {
  columns: { name: string; type: string }[];
  rows: Cell[][];
  /** Spans, records and samples that were looked at. */
  looked: number;
  /** Why something may be missing; empty: nothing is. */
  partial: string;
}

export interface View {
  name: string;
  columns: { name: string; type: string; text: string }[];
  /** What names of attributes begin with. */
  attributes: string[];
}

/** `startMs` 0: from the beginning. */
export async function runSql(query: string, startMs: number, signal: AbortSignal): Promise<Table> {
  const response = await post("/api/sql", asked(query, startMs), "application/json", signal);
  const table = (await response.json()) as Pick<Table, "columns" | "rows">;
  return {
    ...table,
    looked: Number(response.headers.get("otelier-rows-read") ?? 0),
    partial: response.headers.get("otelier-partial") ?? "",
  };
}

export async function sqlAsCsv(query: string, startMs: number): Promise<Blob> {
  return (await post("/api/sql", asked(query, startMs), "text/csv")).blob();
}

export async function sqlViews(): Promise<View[]> {
  return (await getJson<{ views: View[] }>("/api/otelier/v1/sql/views")).views;
}

function asked(query: string, startMs: number): { query: string; start: string | number } {
  return { query, start: startMs && new Date(startMs).toISOString() };
}
