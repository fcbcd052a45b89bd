import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, between, clock, EPOCH, instant, millis, plus } from "../../src/text/instant.ts";

test("two instants differ by the exact nanosecond", () => {
  const first = instant("1764100000123456789");
  assert.equal(between(first, instant("1764100000123456790")), 1);
  assert.equal(between(instant("1764100001000000001"), first), -876_543_212);
  assert.deepEqual(plus(first, 876_543_211), { s: 1_764_100_001, ns: 0 });
  assert.deepEqual(plus(first, -123_456_790), { s: 1_764_099_999, ns: 999_999_999 });
});

test("every instant that 64 bits can say is read, and nonsense is the epoch", () => {
  assert.deepEqual(instant("18446744073709551615"), { s: 18_446_744_073, ns: 709_551_615 });
  assert.deepEqual(instant("5"), { s: 0, ns: 5 });
  for (const odd of [undefined, "", "-1", "1e9", "abc", "1".repeat(30)]) assert.deepEqual(instant(odd), EPOCH);
});

test("a clock shows as many digits as asked for", () => {
  const at = instant("1764100000123456789");
  assert.match(clock(at, 0), /^\d\d:\d\d:40$/);
  assert.match(clock(at, 3), /:40\.123$/);
  assert.match(clock(at, 9), /:40\.123456789$/);
  assert.equal(clock({ s: 1e15, ns: 0 }), "–");
});

test("how long ago is said in the reader's language", () => {
  const at = instant("1764100000000000000");
  assert.match(ago(at, millis(at) + 180_000, "en"), /3 min/);
  assert.match(ago(at, millis(at) + 180_000, "ko"), /3분 전/);
});
