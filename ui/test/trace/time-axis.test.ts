import assert from "node:assert/strict";
import { test } from "node:test";
import { clamped, panned, placed, ticks, zoomed } from "../../src/trace/time-axis.ts";

test("zooming and panning stay inside the trace", () => {
  assert.deepEqual(zoomed({ from: 0, to: 100 }, 0.5, 100), { from: 25, to: 75 });
  assert.deepEqual(zoomed({ from: 25, to: 75 }, 10, 100), { from: 0, to: 100 });
  assert.deepEqual(panned({ from: 60, to: 80 }, 2, 100), { from: 80, to: 100 });
  assert.deepEqual(panned({ from: 60, to: 80 }, -9, 100), { from: 0, to: 20 });
  assert.deepEqual(clamped({ from: 50, to: 50 }, 100), { from: 50, to: 60 });
  assert.deepEqual(clamped({ from: 0, to: 9 }, 1), { from: 0, to: 1 });
});

test("ticks are round, inside, and not too many", () => {
  assert.deepEqual(ticks({ from: 0, to: 486e6 }, 6), [0, 100e6, 200e6, 300e6, 400e6]);
  assert.deepEqual(ticks({ from: 130e6, to: 171e6 }, 5), [130e6, 140e6, 150e6, 160e6, 170e6]);
  assert.deepEqual(ticks({ from: 0, to: 600e9 }, 5), [0, 120e9, 240e9, 360e9, 480e9, 600e9]);
  assert.deepEqual(ticks({ from: 0, to: 0 }, 5), []);
  for (let power = 0; power < 15; power++) {
    for (const most of [1, 3, 8])
      assert.ok(ticks({ from: 0.3 * 10 ** power, to: 7.7 * 10 ** power }, most).length <= most + 1);
  }
});

test("a bar is cut at the borders of what is shown, and gone outside", () => {
  assert.deepEqual(placed(25, 50, { from: 0, to: 100 }), { left: 25, width: 50 });
  assert.deepEqual(placed(0, 100, { from: 50, to: 75 }), { left: 0, width: 100 });
  assert.equal(placed(0, 10, { from: 50, to: 75 }), null);
  assert.deepEqual(placed(0, 0, { from: 0, to: 0 }), { left: 0, width: 0 });
});
