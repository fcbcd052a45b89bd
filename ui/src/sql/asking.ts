// The running statement and its answer, which outlive the page.
import { signal } from "@preact/signals";
import { runSql, type Table } from "../api/sql.ts";
import { Loading } from "../state/loading.ts";
import { type Question, questionToUrl, startMs } from "./question.ts";

export const answer = new Loading<Table>();
/** The address of the last statement, to which the frame leads back. */
export const lastAsked = signal("/sql");

export function ask(question: Question, how: "once" | "again"): void {
  const key = questionToUrl(question);
  lastAsked.value = key;
  answer.ask(key, signal => runSql(question.text, startMs(question.lookback, Date.now()), signal), how);
}
