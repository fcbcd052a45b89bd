import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS, problemsOf, queryFromUrl, queryToApi, queryToUrl, traceIdIn } from "../../src/search/query.ts";

test("a query survives the address, and an empty one leaves none", () => {
  const query = {
    ...DEFAULTS,
    service: "a&b=c",
    operation: "GET /x?",
    tags: 'k="v 2"',
    min: "1.5ms",
    lookback: "custom",
    start: 1000,
    end: 2000,
    limit: 7,
  };
  const url = queryToUrl(query);
  assert.deepEqual(queryFromUrl(url.slice(url.indexOf("?"))), query);
  assert.equal(queryToUrl(DEFAULTS), "/search");
  assert.deepEqual(queryFromUrl(""), DEFAULTS);
});

test("nonsense in an address falls back to what is sensible", () => {
  const query = queryFromUrl("?limit=99999&lookback=soon&start=-5&end=x");
  assert.deepEqual([query.limit, query.lookback, query.start, query.end], [1500, "1h", 0, 0]);
});

test("the API is asked in its own notation", () => {
  const query = { ...DEFAULTS, service: "s", tags: 'a=1 b="x y"', min: "1.5 ms", lookback: "1h" };
  const asked = Object.fromEntries(queryToApi(query, Date.UTC(2026, 0, 2, 3)));
  assert.deepEqual(asked, {
    "query.serviceName": "s",
    "query.startTimeMin": "2026-01-02T02:00:00.000Z",
    "query.startTimeMax": "2026-01-02T03:00:00.000Z",
    "query.durationMin": "1.5ms",
    "query.searchDepth": "20",
    "query.attributes": '{"a":"1","b":"x y"}',
  });
});

test("what can't be searched for is told", () => {
  assert.deepEqual(problemsOf(DEFAULTS), []);
  assert.deepEqual(problemsOf({ ...DEFAULTS, tags: '="', min: "5", max: "x", limit: 0 }), [
    "tagKey",
    "min",
    "max",
    "limit",
  ]);
  assert.deepEqual(problemsOf({ ...DEFAULTS, min: "2s", max: "1ms" }), ["minAboveMax"]);
  assert.deepEqual(problemsOf({ ...DEFAULTS, lookback: "custom" }), ["start"]);
  assert.deepEqual(problemsOf({ ...DEFAULTS, lookback: "custom", start: 5, end: 5 }), ["startAfterEnd"]);
});

test("a trace id is found in what people paste", () => {
  const id = "5b8efff798038103d269b633813fc60c";
  assert.deepEqual(traceIdIn(` ${id.toUpperCase()} `), { traceId: id, spanId: "" });
  assert.deepEqual(traceIdIn("5b8efff7-9803-8103-d269-b633813fc60c"), { traceId: id, spanId: "" });
  assert.deepEqual(traceIdIn(`00-${id}-00f067aa0ba902b7-01`), { traceId: id, spanId: "00f067aa0ba902b7" });
  assert.deepEqual(traceIdIn("0xab"), { traceId: "ab", spanId: "" });
  for (const text of ["", "xyz", "0000", `${id}0`, "<script>"]) assert.equal(traceIdIn(text), null, text);
});
