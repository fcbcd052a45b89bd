// The running question and its answer, which outlive the page so that going back from a trace finds them.
import { signal } from "@preact/signals";
import { type FoundTrace, type Line, measureTraces, searchTraces } from "../api/traceql.ts";
import { Loading } from "../state/loading.ts";
import { isMetrics, type Question, questionToUrl, rangeOf, stepFor } from "./question.ts";

export const LIMIT = 50;

export type Answer =
  | { kind: "traces"; traces: FoundTrace[] }
  | { kind: "lines"; lines: Line[]; startMs: number; endMs: number; stepS: number };

export const answer = new Loading<Answer>();
/** The address of the last question, to which the frame leads back. */
export const lastExplored = signal("/explore");

export function ask(question: Question, how: "once" | "again"): void {
  lastExplored.value = questionToUrl(question);
  answer.ask(questionToUrl(question), signal => answered(question, signal), how);
}

async function answered({ text, lookback }: Question, signal: AbortSignal): Promise<Answer> {
  const range = rangeOf(lookback, Date.now());
  if (!isMetrics(text)) return { kind: "traces", traces: await searchTraces(text || "{ }", range, LIMIT, signal) };
  const stepS = stepFor(range.endMs - range.startMs);
  return { kind: "lines", lines: await measureTraces(text, range, stepS, signal), ...range, stepS };
}
