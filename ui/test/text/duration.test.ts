import assert from "node:assert/strict";
import { test } from "node:test";
import { durationNs, exactDuration, goDuration, shortDuration } from "../../src/text/duration.ts";

test("a duration is short and in the unit a reader would choose", () => {
  const cases: [number, string][] = [
    [0, "0 ns"],
    [1, "1 ns"],
    [999, "999 ns"],
    [1_000, "1 µs"],
    [1_234, "1.23 µs"],
    [999_499, "999 µs"],
    [999_500, "1 ms"],
    [1_500_000, "1.5 ms"],
    [12_345_678, "12.3 ms"],
    [486_200_000, "486 ms"],
    [999_600_000, "1 s"],
    [59_940_000_000, "59.9 s"],
    [60_000_000_000, "1 m"],
    [125_000_000_000, "2 m 5 s"],
    [3_599_700_000_000, "60 m"],
    [5_400_000_000_000, "1 h 30 m"],
    [90_000_000_000_000, "1 d 1 h"],
    [-2_000_000, "-2 ms"],
    [-125_000_000_000, "-2 m 5 s"],
  ];
  for (const [ns, text] of cases) assert.equal(shortDuration(ns), text, String(ns));
  assert.equal(shortDuration(Number.NaN), "–");
});

test("an exact duration loses no nanosecond", () => {
  assert.equal(exactDuration(1_234_567), "1.234567 ms");
  assert.equal(exactDuration(2_000_000_001), "2.000000001 s");
  assert.equal(exactDuration(5_000), "5 µs");
  assert.equal(exactDuration(7), "7 ns");
});

test("what people type as a duration becomes Go's, and nothing else does", () => {
  const good: [string, string][] = [
    ["1.5ms", "1.5ms"],
    [" 1.5 MS ", "1.5ms"],
    ["200µs", "200us"],
    ["1h2m", "1h2m"],
    [".5s", ".5s"],
    ["", ""],
  ];
  for (const [typed, go] of good) assert.equal(goDuration(typed), go, typed);
  for (const typed of ["5", "ms", "1d", "1..5s", "-1s", "1s x", "１s"]) assert.equal(goDuration(typed), null, typed);
});

test("durations are counted in nanoseconds", () => {
  assert.equal(durationNs("1.5ms"), 1_500_000);
  assert.equal(durationNs("1h2m"), 3_720_000_000_000);
  assert.equal(durationNs("2d"), 172_800_000_000_000);
  assert.ok(Number.isNaN(durationNs("2 days")));
});
