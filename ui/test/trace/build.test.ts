import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTrace } from "../../src/trace/build.ts";
import { ancestors, type Trace } from "../../src/trace/model.ts";
import { type Row, spans } from "./sample.ts";

const ids = (trace: Trace) => trace.spans.map(span => span.spanId).join(" ");

test("parents come before children, siblings by start, wherever they stood in the answer", () => {
  const trace = buildTrace("t", [
    spans("b", ["d", "b", 25, 5], ["c", "a", 40, 10], ["b", "a", 20, 15]),
    spans("a", ["a", "", 10, 100]),
  ]);
  assert.equal(ids(trace), "a b d c");
  assert.deepEqual([...trace.depths], [0, 1, 2, 1]);
  assert.deepEqual([...trace.descendants], [3, 1, 0, 0]);
  assert.deepEqual([...trace.parents], [-1, 0, 1, 0]);
  assert.deepEqual([...trace.starts], [0, 10, 15, 30]);
  assert.deepEqual([trace.duration, trace.maxDepth, trace.count], [100, 3, 4]);
  assert.deepEqual(trace.serviceNames, ["a", "b"]);
  assert.deepEqual(
    [trace.serviceSpans, [...trace.services]],
    [
      [1, 3],
      [0, 1, 1, 1],
    ],
  );
  assert.deepEqual(ancestors(trace, 2), [1, 0]);
});

test("errors are counted below each span", () => {
  const error = { status: { code: 2 } };
  const trace = buildTrace("t", [
    spans("a", ["a", "", 0, 9], ["b", "a", 1, 5], ["c", "b", 2, 2, error], ["d", "a", 7, 1, error]),
  ]);
  assert.deepEqual([...trace.errorsBelow], [2, 1, 0, 0]);
  assert.equal(trace.errorCount, 2);
});

test("spans whose parent is missing are roots with a warning", () => {
  const trace = buildTrace("t", [spans("a", ["b", "gone", 5, 1], ["a", "0000000000000000", 0, 9])]);
  assert.equal(ids(trace), "a b");
  assert.deepEqual([...trace.warnings], [[1, ["orphan"]]]);
});

test("cycles, self-parents and ids that come twice lose no span", () => {
  const rows: Row[] = [
    ["x", "y", 3, 1],
    ["y", "x", 2, 1],
    ["s", "s", 4, 1],
    ["r", "", 0, 9],
    ["r", "", 1, 2],
    ["k", "r", 5, 1],
  ];
  const trace = buildTrace("t", [spans("a", ...rows)]);
  assert.equal(trace.count, rows.length);
  assert.equal(ids(trace), "r k r y x s");
  const warned = [...trace.warnings].map(([number, names]) => `${trace.spans[number]!.spanId}:${names}`).sort();
  assert.deepEqual(warned, ["r:duplicateId", "s:cycle", "y:cycle"]);
});

test("an end before the start has no length and says so; a missing end is no error", () => {
  const trace = buildTrace("t", [spans("a", ["a", "", 10, -5], ["b", "", 20, 0, { endTimeUnixNano: undefined }])]);
  assert.deepEqual([...trace.durations], [0, 0]);
  assert.deepEqual([...trace.warnings], [[0, ["negative"]]]);
});

test("nothing, or nothing known, is an empty trace", () => {
  for (const input of [[], [{}], [{ scopeSpans: [{}] }], [{ resource: {}, scopeSpans: [{ spans: [] }] }]]) {
    assert.equal(buildTrace("t", input).count, 0);
  }
  const bare = buildTrace("t", [{ scopeSpans: [{ spans: [{}] }] }]);
  assert.deepEqual([bare.count, bare.serviceNames, bare.duration], [1, [""], 0]);
});

test("a chain of 50 000 spans is built without running out of stack", () => {
  const rows = Array.from({ length: 50_000 }, (_, i): Row => [`s${i}`, i ? `s${i - 1}` : "", i, 100_000 - i]);
  const trace = buildTrace("t", [spans("a", ...rows.reverse())]);
  assert.equal(trace.maxDepth, 50_000);
  assert.equal(trace.descendants[0], 49_999);
});
