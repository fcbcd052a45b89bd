// Points in time as the API writes them: nanoseconds since 1970 in decimal text, too large for a number.
// Kept as seconds and nanoseconds; differences are numbers, exact to the nanosecond below 104 days.

export interface Instant {
  readonly s: number;
  readonly ns: number;
}

export const EPOCH: Instant = { s: 0, ns: 0 };

export function instant(text: string | number | undefined): Instant {
  if (text === undefined) return EPOCH;
  const digits = String(text);
  if (!/^\d{1,20}$/.test(digits)) return EPOCH;
  return { s: Number(digits.slice(0, -9)), ns: Number(digits.slice(-9)) };
}

/** `later - earlier` in nanoseconds. */
export function between(earlier: Instant, later: Instant): number {
  return (later.s - earlier.s) * 1e9 + (later.ns - earlier.ns);
}

export function plus(base: Instant, ns: number): Instant {
  const total = base.ns + ns;
  const carry = Math.floor(total / 1e9);
  return { s: base.s + carry, ns: total - carry * 1e9 };
}

export function millis(at: Instant): number {
  return at.s * 1e3 + at.ns / 1e6;
}

/** Local date and time to the digit asked for: 3 (ms), 6 (µs) or 9 (ns). Numbers only, the same in every language. */
export function clock(at: Instant, places: 0 | 3 | 6 | 9 = 3): string {
  const date = new Date(at.s * 1e3);
  if (Number.isNaN(date.getTime())) return "–";
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return places ? `${time}.${String(at.ns).padStart(9, "0").slice(0, places)}` : time;
}

export function day(at: Instant): string {
  const date = new Date(at.s * 1e3);
  if (Number.isNaN(date.getTime())) return "–";
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** "3 minutes ago" in the reader's language. */
export function ago(at: Instant, nowMs: number, language: string): string {
  const seconds = (millis(at) - nowMs) / 1e3;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const size = Math.abs(seconds);
  if (size < 60) return format.format(Math.round(seconds), "second");
  if (size < 3600) return format.format(Math.round(seconds / 60), "minute");
  if (size < 86400) return format.format(Math.round(seconds / 3600), "hour");
  return format.format(Math.round(seconds / 86400), "day");
}
