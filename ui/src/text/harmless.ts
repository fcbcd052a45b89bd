// Telemetry is text from strangers. Markup is harmless because no string ever becomes HTML; what is left to do is to
// show what would be invisible or would turn the text around, to keep huge texts short, and to link nothing but the web.

// Controls, zero-width characters, bidi marks, embeddings, overrides and isolates, line separators, the byte-order mark, tags.
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

/** The text with every hidden character written out, as in `⟨U+202E⟩`, and cut at `limit` characters. */
export function harmless(text: string, limit = 10_000): string {
  const cut = text.length > limit ? `${whole(text.slice(0, limit))}…` : text;
  return cut.replace(
    HIDDEN,
    character => `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

/** One line of it, for rows and titles. */
export function oneLine(text: string, limit = 300): string {
  return harmless(text.slice(0, limit + 1).replace(/[\t\n\r]+/g, " "), limit);
}

/** Never half of a character that needs two code units. */
function whole(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}

/** The address if the whole text is one of the web, else null: no `javascript:`, no user names that look like hosts. */
export function webAddress(text: string): string | null {
  if (text.length > 2000 || !/^https?:\/\/\S+$/i.test(text)) return null;
  try {
    const url = new URL(text);
    return (url.protocol === "http:" || url.protocol === "https:") && !url.username ? url.href : null;
  } catch {
    return null;
  }
}
