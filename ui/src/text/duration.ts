// Durations: nanoseconds as numbers inside, short text for people, Go's notation (`1h2m`, `1.5ms`) for forms and the API.

const UNITS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
  d: 8.64e13,
};
const GO = /^(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)/;

/** `1.24 ms`, `2 m 5 s`: at most three significant digits, the unit a reader would choose. */
export function shortDuration(ns: number): string {
  if (!Number.isFinite(ns)) return "–";
  const size = Math.abs(ns);
  if (size < 1e3) return `${Math.round(ns)} ns`;
  if (size < 999.5e3) return `${digits(ns / 1e3)} µs`;
  if (size < 999.5e6) return `${digits(ns / 1e6)} ms`;
  if (size < 59.95e9) return `${digits(ns / 1e9)} s`;
  if (size < 3.6e12) return pair(ns, 6e10, "m", 1e9, "s");
  if (size < 8.64e13) return pair(ns, 3.6e12, "h", 6e10, "m");
  return pair(ns, 8.64e13, "d", 3.6e12, "h");
}

function digits(value: number): string {
  const size = Math.abs(value);
  const places = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return String(Number(value.toFixed(places)));
}

function pair(ns: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const smalls = Math.round(Math.abs(ns) / small);
  const per = large / small;
  const rest = smalls % per;
  const sign = ns < 0 ? "-" : "";
  return `${sign}${Math.floor(smalls / per)} ${largeUnit}${rest ? ` ${rest} ${smallUnit}` : ""}`;
}

/** The exact length in the largest unit that needs no rounding beyond nanoseconds: `1.234567 ms`. */
export function exactDuration(ns: number): string {
  for (const [unit, size] of [
    ["s", 1e9],
    ["ms", 1e6],
    ["µs", 1e3],
  ] as const) {
    if (Math.abs(ns) >= size) return `${trimmed(ns, size)} ${unit}`;
  }
  return `${ns} ns`;
}

function trimmed(ns: number, size: number): string {
  const whole = Math.trunc(ns / size);
  const rest = String(Math.abs(ns % size))
    .padStart(String(size).length - 1, "0")
    .replace(/0+$/, "");
  return rest ? `${whole === 0 && ns < 0 ? "-0" : whole}.${rest}` : String(whole);
}

/** What a person typed as Go's duration, `""` for nothing, or null where it is none. Blanks are forgiven: `1.5 ms`. */
export function goDuration(text: string): string | null {
  const compact = text.replace(/\s+/g, "").toLowerCase();
  let rest = compact;
  while (rest) {
    const match = GO.exec(rest);
    if (!match) return null;
    rest = rest.slice(match[0].length);
  }
  return compact.replace(/[µμ]s/g, "us");
}

/** Nanoseconds of a Go duration or a look-back such as `2d`; NaN where it is none. */
export function durationNs(text: string): number {
  let total = 0;
  let rest = text;
  while (rest) {
    const match = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/.exec(rest);
    if (!match) return Number.NaN;
    total += Number(match[1]) * UNITS[match[2]!]!;
    rest = rest.slice(match[0].length);
  }
  return total;
}
