// From OTLP to the model: flatten, find parents, order, number. Linear but for one sort; made for 50 000 spans and more,
// and for whatever arrives: orphans, cycles, two spans of one id, ends before starts.
import { type Resource, type ResourceSpans, type Scope, type Span, STATUS_ERROR } from "../api/otlp.ts";
import { between, EPOCH, type Instant, instant } from "../text/instant.ts";
import { stringAttribute } from "./attributes.ts";
import type { Trace, Warning } from "./model.ts";

interface Flat {
  spans: Span[];
  resources: (Resource | undefined)[];
  scopes: (Scope | undefined)[];
  resourceOf: number[];
  scopeOf: number[];
}

export function buildTrace(id: string, input: readonly ResourceSpans[]): Trace {
  const flat = flatten(input);
  const times = timesOf(flat.spans);
  const byStart = Int32Array.from(flat.spans.keys()).sort((a, b) => times.starts[a]! - times.starts[b]! || a - b);
  const tree = link(flat.spans, byStart);
  return assemble(id, flat, times, tree, preOrder(tree, byStart));
}

function flatten(input: readonly ResourceSpans[]): Flat {
  const flat: Flat = { spans: [], resources: [], scopes: [], resourceOf: [], scopeOf: [] };
  for (const { resource, scopeSpans } of input) {
    flat.resources.push(resource);
    for (const { scope, spans } of scopeSpans ?? []) {
      flat.scopes.push(scope);
      for (const span of spans ?? []) {
        flat.spans.push(span);
        flat.resourceOf.push(flat.resources.length - 1);
        flat.scopeOf.push(flat.scopes.length - 1);
      }
    }
  }
  return flat;
}

function timesOf(spans: readonly Span[]) {
  const begins = spans.map(span => instant(span.startTimeUnixNano));
  const first = begins.reduce<Instant>((min, at) => (between(min, at) < 0 ? at : min), begins[0] ?? EPOCH);
  const starts = new Float64Array(spans.length);
  const durations = new Float64Array(spans.length);
  let last = 0;
  spans.forEach((span, i) => {
    starts[i] = between(first, begins[i]!);
    // A span without an end is still open: it has no length yet.
    durations[i] = span.endTimeUnixNano ? between(begins[i]!, instant(span.endTimeUnixNano)) : 0;
    last = Math.max(last, starts[i]! + durations[i]!);
  });
  return { first, starts, durations, last };
}

/** Parents, and each span's children as a linked list in order of start. */
function link(spans: readonly Span[], byStart: Int32Array) {
  const numbers = new Map<string, number>();
  const duplicates = new Set<number>();
  spans.forEach((span, i) => {
    if (!span.spanId) return;
    if (numbers.has(span.spanId)) duplicates.add(i);
    else numbers.set(span.spanId, i);
  });
  const parents = new Int32Array(spans.length).fill(-1);
  const orphans = new Set<number>();
  spans.forEach((span, i) => {
    if (!span.parentSpanId || /^0*$/.test(span.parentSpanId)) return;
    const parent = numbers.get(span.parentSpanId);
    if (parent === undefined) orphans.add(i);
    else parents[i] = parent;
  });
  const firstChild = new Int32Array(spans.length).fill(-1);
  const nextSibling = new Int32Array(spans.length).fill(-1);
  for (let at = byStart.length - 1; at >= 0; at--) {
    const child = byStart[at]!;
    const parent = parents[child]!;
    if (parent < 0) continue;
    nextSibling[child] = firstChild[parent]!;
    firstChild[parent] = child;
  }
  return { parents, firstChild, nextSibling, orphans, duplicates };
}

type Tree = ReturnType<typeof link>;

/** Walks from the roots; what no root reaches is a cycle, which is cut above its earliest span. Depths are by span. */
function preOrder(tree: Tree, byStart: Int32Array) {
  const order = new Int32Array(byStart.length);
  const depths = new Int32Array(byStart.length);
  const seen = new Uint8Array(byStart.length);
  const stack: number[] = [];
  let filled = 0;
  const walk = (root: number) => {
    stack.push(root);
    seen[root] = 1;
    while (stack.length) {
      const span = stack.pop()!;
      order[filled++] = span;
      const mark = stack.length;
      for (let child = tree.firstChild[span]!; child >= 0; child = tree.nextSibling[child]!) {
        if (seen[child]) continue;
        seen[child] = 1;
        depths[child] = depths[span]! + 1;
        stack.push(child);
      }
      reverse(stack, mark);
    }
  };
  for (const span of byStart) if (tree.parents[span]! < 0) walk(span);
  const cut = new Set<number>();
  for (const span of byStart) {
    if (seen[span]) continue;
    cut.add(span);
    tree.parents[span] = -1;
    walk(span);
  }
  return { order, depths, cut };
}

/** So that the first child is taken off the stack first. */
function reverse(stack: number[], from: number): void {
  for (let low = from, high = stack.length - 1; low < high; low++, high--) {
    [stack[low], stack[high]] = [stack[high]!, stack[low]!];
  }
}

function assemble(
  id: string,
  flat: Flat,
  times: ReturnType<typeof timesOf>,
  tree: Tree,
  walked: ReturnType<typeof preOrder>,
): Trace {
  const { order, cut } = walked;
  const count = order.length;
  const rowOf = new Int32Array(count);
  order.forEach((span, row) => {
    rowOf[span] = row;
  });
  const pick = (from: ArrayLike<number>) => order.map(span => from[span]!);
  const parents = order.map(span => (tree.parents[span]! < 0 ? -1 : rowOf[tree.parents[span]!]!));
  const resourceOf = pick(flat.resourceOf);
  const spans = Array.from(order, span => flat.spans[span]!);
  const errors = Uint8Array.from(spans, span => (span.status?.code === STATUS_ERROR ? 1 : 0));
  const { descendants, errorsBelow } = sums(parents, errors);
  const warnings = new Map<number, Warning[]>();
  const warn = (span: number, warning: Warning) => {
    const row = rowOf[span]!;
    warnings.set(row, [...(warnings.get(row) ?? []), warning]);
  };
  for (const span of tree.orphans) warn(span, "orphan");
  for (const span of cut) warn(span, "cycle");
  for (const span of tree.duplicates) warn(span, "duplicateId");
  times.durations.forEach((duration, span) => {
    if (duration < 0) warn(span, "negative");
  });
  const depths = pick(walked.depths);
  return {
    id,
    count,
    spans,
    start: times.first,
    duration: times.last,
    starts: Float64Array.from(order, span => times.starts[span]!),
    durations: Float64Array.from(order, span => Math.max(0, times.durations[span]!)),
    depths,
    descendants,
    parents,
    ...servicesOf(flat.resources, resourceOf),
    errors,
    errorsBelow,
    errorCount: errors.reduce((sum, error) => sum + error, 0),
    maxDepth: depths.reduce((max, depth) => Math.max(max, depth + 1), 0),
    resources: flat.resources,
    scopes: flat.scopes,
    resourceOf,
    scopeOf: pick(flat.scopeOf),
    warnings,
  };
}

/** From the last row up, so that a child is complete before its parent takes it. */
function sums(parents: Int32Array, errors: Uint8Array) {
  const descendants = new Int32Array(parents.length);
  const errorsBelow = new Int32Array(parents.length);
  for (let row = parents.length - 1; row > 0; row--) {
    const parent = parents[row]!;
    if (parent < 0) continue;
    descendants[parent]! += descendants[row]! + 1;
    errorsBelow[parent]! += errorsBelow[row]! + errors[row]!;
  }
  return { descendants, errorsBelow };
}

/** Services in order of first appearance from the top. */
function servicesOf(resources: readonly (Resource | undefined)[], resourceOf: Int32Array) {
  const names = resources.map(resource => stringAttribute(resource?.attributes, "service.name") ?? "");
  const numbers = new Map<string, number>();
  const serviceSpans: number[] = [];
  const services = resourceOf.map(resource => {
    const name = names[resource]!;
    let number = numbers.get(name);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(name, number);
    }
    serviceSpans[number] = (serviceSpans[number] ?? 0) + 1;
    return number;
  });
  return { services, serviceSpans, serviceNames: [...numbers.keys()] };
}
