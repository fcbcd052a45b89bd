// Suggestions of the page: what the statement alone allows, and names of attributes that spans have.
import { sqlViews, type View } from "../api/sql.ts";
import { type Suggestions, suggest } from "../api/traceql.ts";
import { t } from "../i18n/index.ts";
import { attributeAt, complete } from "./complete.ts";

let views: Promise<View[]> | null = null;

export async function suggestions(
  text: string,
  cursor: number,
  startMs: number,
  signal: AbortSignal,
): Promise<Suggestions> {
  const typed = attributeAt(text, cursor);
  if (typed?.includes(".")) {
    const range = { startMs, endMs: Date.now() };
    const found = await suggest(`{ ${typed}`, typed.length + 2, range, signal);
    const names = found.suggestions.filter(each => each.kind === "attribute" && each.text.startsWith(typed));
    const start = [...text.slice(0, cursor)].length - [...typed].length;
    return { start, suggestions: names.map(each => ({ ...each, text: `${each.text}"` })) };
  }
  views ??= sqlViews().catch(() => {
    views = null;
    return [];
  });
  const { view, column, word } = t().sql;
  return complete(text, cursor, await views, { view, column, word });
}
