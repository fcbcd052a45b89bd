import assert from "node:assert/strict";
import { test } from "node:test";
import { attributeAt, complete } from "../../src/sql/complete.ts";

const column = (name: string) => ({ name, type: "VARCHAR", text: "" });
const VIEWS = [
  { name: "spans", columns: [column("name"), column("service")], attributes: ["span.", "resource."] },
  { name: "logs", columns: [column("body"), column("severity_text")], attributes: ["log."] },
];
const KINDS = { view: "view", column: "column", word: "word" };

function offered(text: string): string[] {
  return complete(text, text.length, VIEWS, KINDS).suggestions.map(each => each.text);
}

test("behind FROM there are views only", () => {
  assert.deepEqual(offered("SELECT name FROM "), ["spans", "logs"]);
  assert.deepEqual(offered("SELECT name FROM spans JOIN l"), ["logs"]);
});

test("columns are those of the views that are named", () => {
  assert.deepEqual(offered("SELECT x FROM logs WHERE se"), ["severity_text", "SELECT"]);
  assert.deepEqual(offered("se").slice(0, 2), ["service", "severity_text"]);
});

test("what is replaced begins with the word", () => {
  assert.equal(complete("SELECT 'é', bo FROM logs", 14, VIEWS, KINDS).start, 12);
});

test("nothing comes within a text", () => {
  assert.deepEqual(offered("SELECT * FROM logs WHERE body = 'se"), []);
});

test("nothing comes behind what is whole", () => {
  assert.deepEqual(offered("SELECT name FROM spans LIMIT 20"), []);
  assert.deepEqual(offered("SELECT name FROM spans "), []);
  assert.notDeepEqual(offered("SELECT name, "), []);
});

test("a name in double quotes is one of an attribute", () => {
  const typed = (text: string) => attributeAt(text, text.length);
  assert.equal(typed('SELECT "span.http'), "span.http");
  assert.equal(typed('SELECT "span.a", "res'), "res");
  assert.equal(typed('SELECT "span.a" '), null);
  assert.equal(typed("SELECT '\"' "), null);
});
