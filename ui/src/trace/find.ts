// Find in a trace: words anywhere in a span, `-word` to leave out, `key=value` for one attribute; all must hold.
import { type KeyValue, KINDS, STATUS_ERROR } from "../api/otlp.ts";
import { textOf } from "./attributes.ts";
import { nameOf, serviceOf, type Trace } from "./model.ts";

interface Term {
  not: boolean;
  key: string | null;
  text: RegExp;
}

const TERM = /(-?)(?:([^\s"=]+)=)?(?:"((?:[^"\\]|\\.)*)"?|([^\s"]+))/g;

export function parseFind(text: string): Term[] {
  return [...text.matchAll(TERM)]
    .map(([, not, key, quoted, bare]) => ({
      not: not === "-",
      key: key ?? null,
      text: quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "",
    }))
    .filter(term => term.text !== "" || term.key !== null)
    .map(term => ({ ...term, text: new RegExp(escaped(term.text), "i") }));
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** The spans that match, ascending; none for an empty text. */
export function find(trace: Trace, text: string): Int32Array {
  const terms = parseFind(text);
  if (!terms.length) return new Int32Array(0);
  const found: number[] = [];
  // Most spans share their resource, so each resource is looked at once a term.
  const inResource = terms.map(({ text: pattern, key }) =>
    trace.resources.map(resource => pairsMatch(resource?.attributes, key, pattern)),
  );
  for (let span = 0; span < trace.count; span++) {
    const holds = terms.every(
      (term, i) => (inResource[i]![trace.resourceOf[span]!]! || spanMatches(trace, span, term)) !== term.not,
    );
    if (holds) found.push(span);
  }
  return Int32Array.from(found);
}

function spanMatches(trace: Trace, number: number, { key, text }: Term): boolean {
  const span = trace.spans[number]!;
  if (key === "status")
    return text.test(span.status?.code === STATUS_ERROR ? "error" : span.status?.code === 1 ? "ok" : "unset");
  if (key === "kind") return text.test(KINDS[span.kind ?? 0] ?? "");
  if (key === "name") return text.test(nameOf(trace, number));
  if (key === "service") return text.test(serviceOf(trace, number));
  if (pairsMatch(span.attributes, key, text)) return true;
  if (
    span.events?.some(event => (key === null && text.test(event.name ?? "")) || pairsMatch(event.attributes, key, text))
  )
    return true;
  if (span.links?.some(link => pairsMatch(link.attributes, key, text))) return true;
  if (key !== null) return false;
  return (
    text.test(nameOf(trace, number)) ||
    text.test(serviceOf(trace, number)) ||
    text.test(span.spanId ?? "") ||
    text.test(span.status?.message ?? "")
  );
}

function pairsMatch(pairs: readonly KeyValue[] | undefined, key: string | null, text: RegExp): boolean {
  if (!pairs) return false;
  for (const pair of pairs) {
    if (
      key === null
        ? text.test(pair.key ?? "") || text.test(textOf(pair.value))
        : pair.key === key && text.test(textOf(pair.value))
    )
      return true;
  }
  return false;
}

/** The match after (or before) a span, around the end; -1 where there is none. */
export function nextMatch(matches: Int32Array, from: number, step: 1 | -1): number {
  if (!matches.length) return -1;
  if (step > 0) return matches.find(span => span > from) ?? matches[0]!;
  return matches.findLast(span => span < from) ?? matches[matches.length - 1]!;
}
