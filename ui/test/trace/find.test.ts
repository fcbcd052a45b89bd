import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTrace } from "../../src/trace/build.ts";
import { find, nextMatch } from "../../src/trace/find.ts";
import { spans } from "./sample.ts";

const trace = buildTrace("t", [
  spans("Frontend", [
    "a1",
    "",
    0,
    9,
    { name: "GET /", kind: 2, attributes: [{ key: "url", value: { stringValue: "/a?b=(1)" } }] },
  ]),
  spans(
    "cart",
    [
      "b2",
      "a1",
      1,
      2,
      { name: "HGET", status: { code: 2, message: "refused" }, attributes: [{ key: "n", value: { intValue: "41" } }] },
    ],
    [
      "c3",
      "a1",
      4,
      2,
      { name: "HSET", events: [{ name: "retry", attributes: [{ key: "why", value: { stringValue: "slow bank" } }] }] },
    ],
  ),
]);
const found = (text: string) => [...find(trace, text)].map(span => trace.spans[span]!.spanId).join(" ");

test("words are found in names, services, attributes, events, messages and ids, in any case", () => {
  const cases: [string, string][] = [
    ["get", "a1 b2"],
    ["frontend", "a1"],
    ["CART", "b2 c3"],
    ["41", "b2"],
    ["retry", "c3"],
    ["refused", "b2"],
    ["c3", "c3"],
    ["(1)", "a1"],
    ["nothing", ""],
    ["", ""],
  ];
  for (const [text, ids] of cases) assert.equal(found(text), ids, text);
});

test("a key names one attribute or one of the span's own facts; quotes keep blanks; minus leaves out", () => {
  const cases: [string, string][] = [
    ["n=41", "b2"],
    ["why=slow", "c3"],
    ['why="slow bank"', "c3"],
    ["url=/a?b=(1)", "a1"],
    ["status=error", "b2"],
    ["kind=server", "a1"],
    ["service=cart name=hset", "c3"],
    ["-service=cart", "a1"],
    ["h -hset", "b2"],
    ["service.name=cart", "b2 c3"],
    ['"slow bank"', "c3"],
  ];
  for (const [text, ids] of cases) assert.equal(found(text), ids, text);
});

test("matches go around in both directions", () => {
  const matches = Int32Array.of(2, 5, 9);
  assert.deepEqual(
    [-1, 2, 6, 9].map(from => nextMatch(matches, from, 1)),
    [2, 5, 9, 2],
  );
  assert.deepEqual(
    [-1, 2, 6, 9].map(from => nextMatch(matches, from, -1)),
    [9, 9, 5, 5],
  );
  assert.equal(nextMatch(new Int32Array(0), 3, 1), -1);
});
