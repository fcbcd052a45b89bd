// What is searched for: the form's state, as it stands in the page's URL and as the API wants it.
import { durationNs, goDuration } from "../text/duration.ts";
import { parseLogfmt } from "./logfmt.ts";

export interface Query {
  service: string;
  operation: string;
  tags: string;
  min: string;
  max: string;
  /** `1h`, or `custom` with start and end in ms since 1970 (0: not given). */
  lookback: string;
  start: number;
  end: number;
  limit: number;
}

export const LOOKBACKS = ["5m", "15m", "1h", "3h", "12h", "1d", "2d", "7d", "30d"] as const;
export const DEFAULTS: Query = {
  service: "", operation: "", tags: "", min: "", max: "", lookback: "1h", start: 0, end: 0, limit: 20,
}; // biome-ignore format: one line is the form
export const MAX_LIMIT = 1500;

export type Problem =
  | "tagKey"
  | "tagQuote"
  | "tagBlank"
  | "min"
  | "max"
  | "minAboveMax"
  | "start"
  | "startAfterEnd"
  | "limit";

export function queryFromUrl(search: string): Query {
  const params = new URLSearchParams(search);
  const text = (name: string) => params.get(name) ?? "";
  const limit = Number.parseInt(text("limit"), 10);
  const lookback = text("lookback");
  return {
    service: text("service"),
    operation: text("operation"),
    tags: text("tags"),
    min: text("min"),
    max: text("max"),
    lookback: lookback === "custom" || durationNs(lookback) > 0 ? lookback : DEFAULTS.lookback,
    start: whole(text("start")),
    end: whole(text("end")),
    limit: limit > 0 ? Math.min(limit, MAX_LIMIT) : DEFAULTS.limit,
  };
}

function whole(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** What differs from the defaults only, so that URLs stay short. */
export function queryToUrl(query: Query): string {
  const params = new URLSearchParams();
  for (const key of Object.keys(DEFAULTS) as (keyof Query)[]) {
    const timed = key !== "start" && key !== "end" ? true : query.lookback === "custom";
    if (timed && query[key] !== DEFAULTS[key]) params.set(key, String(query[key]));
  }
  const text = params.toString();
  return text ? `/search?${text}` : "/search";
}

export function problemsOf(query: Query): Problem[] {
  const problems: Problem[] = [];
  const tags = parseLogfmt(query.tags);
  if ("problem" in tags)
    problems.push(({ key: "tagKey", quote: "tagQuote", blank: "tagBlank" } as const)[tags.problem]);
  const min = goDuration(query.min);
  const max = goDuration(query.max);
  if (min === null) problems.push("min");
  if (max === null) problems.push("max");
  if (min && max && durationNs(min) > durationNs(max)) problems.push("minAboveMax");
  if (query.lookback === "custom") {
    if (!query.start) problems.push("start");
    else if (query.end && query.end <= query.start) problems.push("startAfterEnd");
  }
  if (!(query.limit >= 1 && query.limit <= MAX_LIMIT)) problems.push("limit");
  return problems;
}

/** The API's parameters. A range that looks back is counted from `nowMs`. */
export function queryToApi(query: Query, nowMs: number): URLSearchParams {
  const custom = query.lookback === "custom";
  const end = custom && query.end ? query.end : nowMs;
  const start = custom ? query.start : nowMs - durationNs(query.lookback) / 1e6;
  const params = new URLSearchParams();
  const put = (name: string, value: string | null) => value && params.set(`query.${name}`, value);
  put("serviceName", query.service);
  put("operationName", query.operation);
  put("startTimeMin", new Date(start).toISOString());
  put("startTimeMax", new Date(end).toISOString());
  put("durationMin", goDuration(query.min));
  put("durationMax", goDuration(query.max));
  put("searchDepth", String(query.limit));
  const tags = parseLogfmt(query.tags);
  if ("tags" in tags && Object.keys(tags.tags).length) put("attributes", JSON.stringify(tags.tags));
  return params;
}

/** A trace id among what people paste: hex with or without dashes, or a whole `traceparent`, which names a span too. */
export function traceIdIn(text: string): { traceId: string; spanId: string } | null {
  const compact = text.trim().toLowerCase();
  const parent = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/.exec(compact);
  if (parent) return { traceId: parent[1]!, spanId: parent[2]! };
  const hex = compact.replace(/^0x/, "").replace(/-/g, "");
  return /^[0-9a-f]{1,32}$/.test(hex) && /[1-9a-f]/.test(hex) ? { traceId: hex, spanId: "" } : null;
}
