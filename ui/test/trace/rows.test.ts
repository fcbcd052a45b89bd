import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTrace } from "../../src/trace/build.ts";
import { collapseOne, expandOne, Layout, parentsOf, rowOf, visibleRows } from "../../src/trace/rows.ts";
import { spans } from "./sample.ts";

// a > (b > (c, d > e)), f > g
const trace = buildTrace("t", [
  spans(
    "s",
    ["a", "", 0, 9],
    ["b", "a", 1, 5],
    ["c", "b", 2, 1],
    ["d", "b", 3, 2],
    ["e", "d", 4, 1],
    ["f", "", 7, 2],
    ["g", "f", 8, 1],
  ),
]);
const shown = (collapsed: ReadonlySet<number>) =>
  [...visibleRows(trace, collapsed)].map(span => trace.spans[span]!.spanId).join("");

test("a collapsed span hides all that is below and nothing else", () => {
  assert.equal(shown(new Set()), "abcdefg");
  assert.equal(shown(new Set([1])), "abfg");
  assert.equal(shown(new Set([0, 1])), "afg");
  assert.equal(shown(new Set(parentsOf(trace))), "af");
});

test("one level at a time is collapsed from below and expanded from above", () => {
  const steps = [new Set<number>()];
  for (let i = 0; i < 4; i++) steps.push(collapseOne(trace, steps.at(-1)!));
  assert.deepEqual(steps.map(shown), ["abcdefg", "abcdfg", "abfg", "af", "af"]);
  assert.equal(shown(expandOne(trace, steps[3]!)), "abfg");
  assert.equal(shown(expandOne(trace, new Set())), "abcdefg");
});

test("a hidden span's row is that of what hides it", () => {
  const rows = visibleRows(trace, new Set([1]));
  assert.deepEqual(
    [0, 1, 4, 5, 6].map(span => rowOf(rows, span)),
    [0, 1, 1, 2, 3],
  );
  assert.equal(rowOf(new Int32Array(0), 3), -1);
});

test("rows stand below the details of those above, and a height finds its row again", () => {
  const layout = new Layout(100, 28, [
    { row: 10, height: 200 },
    { row: 3, height: 50 },
  ]);
  assert.deepEqual(
    [0, 3, 4, 10, 11, 100].map(row => layout.top(row)),
    [0, 84, 162, 330, 558, 3050],
  );
  assert.equal(layout.total, 3050);
  for (let y = 0; y < layout.total; y++) {
    const row = layout.rowAt(y);
    assert.ok(layout.top(row) <= y && y < layout.top(row + 1), `${y} is in row ${row}`);
  }
  assert.deepEqual([layout.rowAt(-50), layout.rowAt(1e9)], [0, 99]);
});
