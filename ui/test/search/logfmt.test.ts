import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLogfmt, type Tags, writeLogfmt } from "../../src/search/logfmt.ts";

const tagsOf = (text: string) => {
  const parsed = parseLogfmt(text);
  assert.ok("tags" in parsed, JSON.stringify(parsed));
  return parsed.tags;
};

test("tags are pairs, with quotes and escapes where blanks are", () => {
  assert.deepEqual(tagsOf(' http.method=GET  error msg="no \\"route\\"\\n" empty= "odd key"=1 url=http://a?b=c'), {
    "http.method": "GET",
    error: "true",
    msg: 'no "route"\n',
    empty: "",
    "odd key": "1",
    url: "http://a?b=c",
  });
  assert.deepEqual(tagsOf(""), {});
});

test("what is wrong is told with its place", () => {
  assert.deepEqual(parseLogfmt("a=1 =2"), { at: 4, problem: "key" });
  assert.deepEqual(parseLogfmt('a="x'), { at: 2, problem: "quote" });
  assert.deepEqual(parseLogfmt('a="x"b=1'), { at: 5, problem: "blank" });
});

test("what is written is read back equal", () => {
  const written: Tags[] = [
    { a: "", "b c": 'x "y" \\', d: "e=f" },
    { 한국어: "값 하나", tab: "a\tb\nc" },
  ];
  for (const tags of written) assert.deepEqual(tagsOf(writeLogfmt(tags)), tags);
});

test("a tag named __proto__ is a tag", () => {
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.deepEqual(Object.keys(tagsOf("__proto__=x a=1")), ["__proto__", "a"]);
});
