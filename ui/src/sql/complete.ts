// What may come next in a half-typed statement: views, columns of those that it names, words of SQL.
import type { View } from "../api/sql.ts";
import type { Suggestions } from "../api/traceql.ts";

const WORDS = [
  "SELECT",
  "FROM",
  "WHERE",
  "GROUP BY",
  "ORDER BY",
  "LIMIT",
  "HAVING",
  "JOIN",
  "LEFT JOIN",
  "USING",
  "ON",
  "AND",
  "OR",
  "NOT",
  "IN",
  "LIKE",
  "BETWEEN",
  "IS NULL",
  "IS NOT NULL",
  "AS",
  "DISTINCT",
  "DESC",
  "WITH",
  "UNION ALL",
  "INTERVAL",
  "count(*)",
  "sum(",
  "avg(",
  "max(",
  "min(",
  "quantile_cont(",
  "now()",
  "date_trunc(",
  "epoch_ns(",
]; // prettier-ignore
const MOST = 40;

/** A name of an attribute that has begun with a double quote, as far as it is typed; null: none. */
export function attributeAt(text: string, cursor: number): string | null {
  const open = text
    .slice(0, cursor)
    .replace(/'(?:[^']|'')*'/g, "")
    .replace(/"[^"]*"/g, "");
  const at = open.lastIndexOf('"');
  return at < 0 ? null : text.slice(text.lastIndexOf('"', cursor - 1) + 1, cursor);
}

/** `kinds`: what views, columns and words are called. */
export function complete(
  text: string,
  cursor: number,
  views: readonly View[],
  kinds: { view: string; column: string; word: string },
): Suggestions {
  const before = text.slice(0, cursor);
  const typed = /[A-Za-z_][\w]*$/.exec(before)?.[0] ?? "";
  const start = [...before].length - typed.length;
  if (/'(?:[^']|'')*$/.test(before.replace(/'(?:[^']|'')*'/g, ""))) return { start, suggestions: [] };
  const named = new Set(text.toLowerCase().match(/[a-z_]+/g) ?? []);
  const asked = views.filter(view => named.has(view.name));
  const places: [string, string][] = views.map(view => [view.name, kinds.view]);
  for (const view of asked.length ? asked : views) {
    places.push(...view.columns.map(({ name }): [string, string] => [name, kinds.column]));
    places.push(...view.attributes.map((prefix): [string, string] => [`"${prefix}`, kinds.column]));
  }
  // Behind a number or a whole word nothing is begun.
  if (!typed && before.trim() && !/(?:\b(?:select|from|join|where|and|or|by|on|having)|[,(=<>])\s*$/i.test(before)) {
    return { start, suggestions: [] };
  }
  const behindSource = /\b(?:from|join)\s+\w*$/i.test(before);
  const offered = behindSource
    ? places.slice(0, views.length)
    : [...places, ...WORDS.map((word): [string, string] => [word, kinds.word])];
  const wanted = typed.toLowerCase();
  const fits = ([name]: [string, string]) => name.toLowerCase().startsWith(wanted) && name.toLowerCase() !== wanted;
  const seen = new Map(offered.filter(fits));
  const suggestions = [...seen].slice(0, MOST).map(([name, kind]) => ({ text: name, kind }));
  return { start, suggestions };
}
