import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf, questionFromUrl, questionToUrl } from "../../src/sql/question.ts";

test("a statement stands in the address", () => {
  for (const question of [
    { text: "SELECT \"span.a b\" FROM spans\nWHERE x = '&'", lookback: "1h" },
    { text: "", lookback: "30d" },
  ]) {
    const url = questionToUrl(question);
    assert.deepEqual(questionFromUrl(url.slice("/sql".length)), question);
  }
  assert.equal(questionToUrl({ text: "", lookback: "1h" }), "/sql");
  assert.equal(questionFromUrl("?lookback=never").lookback, "1h");
});

test("an error's place is found in the statement", () => {
  const text = "SELECT name\nFROM spans WHERE nam = 'x'";
  const message = "Binder Error: no column nam\n\nLINE 2: FROM spans WHERE nam = 'x'\n                         ^";
  assert.deepEqual(placeOf(message, text), { offset: text.indexOf("nam ="), line: 2, column: 18 });
});

test("so it is where the line is cut", () => {
  const text = `SELECT ${"1, ".repeat(60)}nam, ${"2, ".repeat(60)}3`;
  const quoted = text.slice(150, 230);
  const caret = "LINE 1: ...".length + text.indexOf("nam") - 150;
  const message = `Binder Error\n\nLINE 1: ...${quoted}...\n${" ".repeat(caret)}^`;
  assert.equal(placeOf(message, text)?.offset, text.indexOf("nam"));
});

test("an error without a place has none", () => {
  assert.equal(placeOf("COPY is refused", "COPY x"), null);
  assert.equal(placeOf("LINE 9: x\n        ^", "x"), null);
});
