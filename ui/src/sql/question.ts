// What is asked on the page as it stands in the address, and where an error's text says that it lies.
import { durationNs } from "../text/duration.ts";

export interface Question {
  text: string;
  /** How far back from now: `1h`. */
  lookback: string;
}

export const DEFAULT_LOOKBACK = "1h";

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
  return written ? `/sql?${written}` : "/sql";
}

export function startMs(lookback: string, nowMs: number): number {
  return nowMs - durationNs(lookback) / 1e6;
}

export interface Place {
  offset: number;
  line: number;
  column: number;
}

/** DuckDB quotes a part of the line and puts a caret below; null: it does not say where. */
export function placeOf(message: string, text: string): Place | null {
  const found = /LINE (\d+): (.*)\n( *)\^/.exec(message);
  const lines = text.split("\n");
  const source = lines[Number(found?.[1]) - 1];
  if (!found || source === undefined) return null;
  const cut = found[2]!.startsWith("...") ? 3 : 0;
  const quoted = found[2]!.slice(cut).replace(/\.\.\.$/, "");
  const caret = found[3]!.length - `LINE ${found[1]}: `.length - cut;
  const start = source.indexOf(quoted);
  if (start < 0 || caret < 0) return null;
  const before = lines.slice(0, Number(found[1]) - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const column = Math.min(start + caret, source.length);
  return { offset: before + column, line: Number(found[1]), column: column + 1 };
}
