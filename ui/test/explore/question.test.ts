import assert from "node:assert/strict";
import { test } from "node:test";
import { isMetrics, questionFromUrl, questionToUrl, stepFor } from "../../src/explore/question.ts";

test("a question stands in the address and comes back from it", () => {
  const question = { text: '{ name = "a & b" } | rate()', lookback: "3h" };
  assert.deepEqual(questionFromUrl(questionToUrl(question).slice("/explore".length)), question);
  assert.equal(questionToUrl({ text: "", lookback: "1h" }), "/explore");
});

test("a lookback that is none is an hour", () => {
  assert.equal(questionFromUrl("?q=x&lookback=soon").lookback, "1h");
});

test("functions over time are metrics, words in quotes are not", () => {
  for (const text of ["{} | rate()", "{ } |count_over_time() by (name)", "{} | quantile_over_time (duration, .5)"])
    assert.ok(isMetrics(text), text);
  for (const text of [
    "{}",
    '{ name = "| rate()" }',
    "{ name = `a | rate()` }",
    "{} | count() > 2",
    "{} | avg(duration) > 1s",
  ])
    assert.ok(!isMetrics(text), text);
});

test("a line has at most some 180 points, at lengths that people count in", () => {
  assert.equal(stepFor(3_600_000), 30);
  assert.equal(stepFor(300_000), 2);
  assert.equal(stepFor(30 * 86_400_000), 21_600);
});
