// Tags as people write them: `http.method=GET error=true message="could not connect"`, logfmt with quotes and escapes.

export type Tags = Record<string, string>;

/** The pairs, or where the text stops being logfmt (a position and what was expected). A key alone means `true`. */
export function parseLogfmt(text: string): { tags: Tags } | { at: number; problem: "key" | "quote" | "blank" } {
  const tags: Tags = Object.create(null) as Tags;
  let at = 0;
  while (true) {
    while (isBlank(text[at])) at++;
    if (at >= text.length) return { tags: { ...tags } };
    const start = at;
    let key: string;
    if (text[at] === '"') {
      const quoted = readQuoted(text, at);
      if (!quoted) return { at, problem: "quote" };
      [key, at] = quoted;
    } else {
      while (at < text.length && !isBlank(text[at]) && text[at] !== "=") at++;
      key = text.slice(start, at);
    }
    if (!key) return { at: start, problem: "key" };
    if (text[at] !== "=") {
      tags[key] = "true";
      continue;
    }
    at++;
    if (text[at] === '"') {
      const quoted = readQuoted(text, at);
      if (!quoted) return { at, problem: "quote" };
      [tags[key], at] = quoted;
      if (at < text.length && !isBlank(text[at])) return { at, problem: "blank" };
    } else {
      const from = at;
      while (at < text.length && !isBlank(text[at])) at++;
      tags[key] = text.slice(from, at);
    }
  }
}

export function writeLogfmt(tags: Tags): string {
  return Object.entries(tags)
    .map(([key, value]) => `${quoted(key, /[\s"=]/)}=${quoted(value, /[\s"]/)}`)
    .join(" ");
}

function quoted(text: string, special: RegExp): string {
  return text === "" || special.test(text)
    ? `"${text.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n").replace(/\t/g, "\\t")}"`
    : text;
}

/** The text between the quotes that open at `at`, and the position behind them. */
function readQuoted(text: string, at: number): [string, number] | null {
  let value = "";
  for (let i = at + 1; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') return [value, i + 1];
    if (character !== "\\") {
      value += character;
      continue;
    }
    const next = text[++i];
    value += next === "n" ? "\n" : next === "t" ? "\t" : (next ?? "");
  }
  return null;
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\n" || character === "\r";
}
