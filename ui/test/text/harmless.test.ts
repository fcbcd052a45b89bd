import assert from "node:assert/strict";
import { test } from "node:test";
import { harmless, oneLine, webAddress } from "../../src/text/harmless.ts";

test("what can't be seen is written out", () => {
  assert.equal(harmless("invoice\u202egpj.exe"), "invoice⟨U+202E⟩gpj.exe");
  assert.equal(harmless("a\u0000b\u001b[31m\u200bc\ufeff"), "a⟨U+0000⟩b⟨U+001B⟩[31m⟨U+200B⟩c⟨U+FEFF⟩");
  assert.equal(harmless("\u2066x\u2069\u{e0041}"), "⟨U+2066⟩x⟨U+2069⟩⟨U+E0041⟩");
});

test("ordinary text of any language is left alone", () => {
  for (const text of ["한국어", "שלום", "日本語\n\ttext", "emoji 🎉", "<script>"]) assert.equal(harmless(text), text);
});

test("huge text is cut, never inside a character", () => {
  assert.equal(harmless("x".repeat(100), 10), `${"x".repeat(10)}…`);
  assert.equal(harmless("🎉🎉", 3), "🎉…");
  assert.equal(oneLine("a\r\nb\tc"), "a b c");
});

test("only plain addresses of the web become links", () => {
  assert.equal(webAddress("https://example.org/a?b=c"), "https://example.org/a?b=c");
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,x",
    " https://a.b",
    "https://a.b c",
    "https://good@evil.example/",
    "ftp://a",
    "https://",
    "see https://a.b",
  ]) {
    assert.equal(webAddress(text), null, text);
  }
});
