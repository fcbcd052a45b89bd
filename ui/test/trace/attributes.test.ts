import assert from "node:assert/strict";
import { test } from "node:test";
import { attributesOf, plain } from "../../src/trace/attributes.ts";
import { COLOURS, colourOf, coloursOf } from "../../src/trace/colours.ts";
import { levelOf } from "../../src/trace/logs.ts";

test("every value that OTLP has is text without loss, in order of keys", () => {
  const table = attributesOf([
    { key: "z", value: { intValue: "9223372036854775807" } },
    { key: "a", value: { stringValue: "x" } },
    { key: "a", value: { boolValue: false } },
    { key: "d", value: { doubleValue: 0.1 } },
    { key: "n", value: { doubleValue: "NaN" } },
    { key: "b", value: { bytesValue: "AAE=" } },
    { key: "e", value: {} },
    { key: "l", value: { arrayValue: { values: [{ stringValue: 'q"' }, { intValue: 1 }, {}] } } },
    {
      key: "m",
      value: {
        kvlistValue: {
          values: [
            { key: "__proto__", value: { boolValue: true } },
            { key: "k", value: { arrayValue: {} } },
          ],
        },
      },
    },
    {},
  ]);
  assert.deepEqual(
    table.map(({ key, type, text }) => `${key} ${type} ${text}`),
    [
      " empty ",
      "a string x",
      "a bool false",
      "b bytes AAE=",
      "d double 0.1",
      "e empty ",
      'l array ["q\\"", 1, null]',
      'm map {"__proto__": true, "k": []}',
      "n double NaN",
      "z int 9223372036854775807",
    ],
  );
});

test("a log's plain values are text as well", () => {
  assert.deepEqual(
    [plain("a"), plain(1.5), plain(null), plain({ a: [1] })].map(value => value.text),
    ["a", "1.5", "", '{"a":[1]}'],
  );
});

test("severity numbers fall into their levels", () => {
  assert.deepEqual([undefined, 0, 1, 4, 5, 9, 12, 13, 17, 21, 24, 99].map(levelOf), [
    "unset",
    "unset",
    "trace",
    "trace",
    "debug",
    "info",
    "info",
    "warn",
    "error",
    "fatal",
    "fatal",
    "unset",
  ]);
});

test("a service keeps its colour, and in one trace no two share one while there are enough", () => {
  const names = Array.from({ length: COLOURS }, (_, i) => `service-${i}`);
  assert.equal(new Set(coloursOf(names)).size, COLOURS);
  assert.equal(coloursOf(["lonely"])[0], colourOf("lonely"));
  assert.equal(coloursOf([...names, "one more"]).length, COLOURS + 1);
});
