import assert from "node:assert/strict";
import { test } from "node:test";
import { ORDERS, ordered, orderFrom, resultOf } from "../../src/search/result.ts";
import { plotOf } from "../../src/search/scatter-plot.ts";

const summary = (traceId: string, start: number, ms: number, spanCount: number, errorSpanCount?: number) =>
  resultOf({
    traceId,
    minStartTimeUnixNano: `${1_764_100_000 + start}000000000`,
    maxEndTimeUnixNano: `${1_764_100_000 + start}${String(ms * 1e6).padStart(9, "0")}`,
    spanCount,
    errorSpanCount,
  });
const all = [summary("a", 1, 50, 3), summary("b", 3, 10, 9, 2), summary("c", 2, 500, 1)];

test("each order puts first what it says", () => {
  const first = Object.fromEntries(
    ORDERS.map(order => [
      order,
      ordered(all, order)
        .map(result => result.traceId)
        .join(""),
    ]),
  );
  assert.deepEqual(first, { recent: "bca", longest: "cab", shortest: "bac", spans: "bac", errors: "bca" });
  assert.equal(orderFrom("nonsense"), "recent");
});

test("services with errors come first, then the largest", () => {
  const { services } = resultOf({
    traceId: "x",
    services: [
      { name: "b", spanCount: 9 },
      { name: "a", spanCount: 9 },
      { name: "bad", spanCount: 1, errorSpanCount: 1 },
    ],
  });
  assert.equal(services.map(service => service.name).join(" "), "bad a b");
});

test("counts that the API leaves out are zero", () => {
  const bare = resultOf({ traceId: "x" });
  assert.deepEqual([bare.spans, bare.errors, bare.orphans, bare.duration, bare.services.length], [0, 0, 0, 0, 0]);
});

test("every trace is a point inside the plot, the longest on top, the latest on the right", () => {
  for (const results of [all, [all[0]!], Array.from({ length: 200 }, (_, i) => summary(`${i}`, i, 1 + i * 4, i))]) {
    const { points, marks } = plotOf(results, 400, 100);
    assert.equal(points.length, results.length);
    assert.ok(points.every(({ x, y }) => x >= 0 && x <= 400 && y >= 0 && y <= 100));
    assert.ok(marks.length <= 6 && marks.every(({ y }) => y >= -0.001 && y <= 100.001), JSON.stringify(marks));
  }
  const { points } = plotOf(all, 400, 100);
  const at = (id: string) => points.find(point => point.result.traceId === id)!;
  assert.ok(at("c").y < at("a").y && at("a").y < at("b").y && at("b").x > at("c").x && at("c").x > at("a").x);
  assert.deepEqual(plotOf([], 400, 100).points, []);
});
