import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, plotOf, shortValue, ticks } from "../../src/explore/chart-plot.ts";

test("a gap breaks a line, a point alone is a dot", () => {
  const { paths } = plotOf([[[0, 1], [10, 2], [40, 1]], [[20, 2]]], 0, 40, 10, 400, 100); // biome-ignore format: points
  assert.deepEqual(paths[0]!.match(/[ML]/g), ["M", "L", "M"]);
  assert.match(paths[1]!, /^M200\.0 [\d.]+h0$/);
});

test("what is no number is left out", () => {
  const { paths, marks } = plotOf([[[0, Number.NaN], [10, Number.POSITIVE_INFINITY], [20, 4]]], 0, 20, 10, 100, 100); // biome-ignore format: points
  assert.deepEqual(paths[0]!.match(/[ML]/g), ["M"]);
  assert.ok(marks.every(mark => Number.isFinite(mark.value)));
});

test("the scale begins at zero unless all values are far from it", () => {
  assert.equal(plotOf([[[0, 5], [1, 10]]], 0, 1, 1, 10, 100).y(0), 100); // biome-ignore format: points
  assert.ok(plotOf([[[0, 990], [1, 1000]]], 0, 1, 1, 10, 100).y(0) > 1000); // biome-ignore format: points
});

test("marks are round and inside the bounds", () => {
  for (const [low, high] of [
    [0, 1],
    [0, 0.037],
    [990, 1003],
    [-5, 12],
    [0, 7e9],
  ] as const) {
    const found = ticks(low, high);
    assert.ok(found.length >= 3 && found.length <= 6, `${low} ${high}: ${found}`);
    assert.ok(found.every(value => value >= low - 1e-9 * high && value <= high * (1 + 1e-9)));
  }
});

test("no lines make an empty chart", () => {
  assert.deepEqual(plotOf([], 0, 1, 1, 10, 10).paths, []);
});

test("the nearest point", () => {
  assert.equal(nearest([[0, 1], [10, 1], [30, 1]], 19), 1); // biome-ignore format: points
  assert.equal(nearest([], 5), -1);
});

test("values in few characters", () => {
  assert.deepEqual([0, 0.0123, 1, 999, 1234, 5_600_000, 1e20, Number.NaN].map(shortValue),
    ["0", "0.0123", "1", "999", "1.23k", "5.6M", "1.0e+20", "NaN"]); // biome-ignore format: a table
});
