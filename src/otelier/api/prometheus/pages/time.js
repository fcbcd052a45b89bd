// Lengths of time and moments, read and written.
const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31536000 };

/** Seconds of `1h30m`; NaN if it is none. */
export function secondsOf(text) {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g)];
  if (!parts.length || parts.map(part => part[0]).join("") !== text.trim()) return Number.NaN;
  return parts.reduce((total, [, number, unit]) => total + Number(number) * UNITS[unit], 0);
}

/** `1h 30m`, two units at most. */
export function lengthOf(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)}ms`;
  let rest = Math.round(seconds);
  const parts = [];
  for (const unit of ["d", "h", "m", "s"]) {
    const number = Math.floor(rest / UNITS[unit]);
    if (number) parts.push(`${number}${unit}`);
    rest -= number * UNITS[unit];
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0s";
}

const two = number => String(number).padStart(2, "0");

/** Local time of day, with the date where that matters. */
export function moment(seconds, withDate = true) {
  const at = new Date(seconds * 1000);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return withDate ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}` : time;
}

/** What stands at an axis that long. */
export function tick(seconds, span) {
  const at = new Date(seconds * 1000);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (span < 600) return `${time}:${two(at.getSeconds())}`;
  if (span < 86400) return time;
  const date = `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return span < 5 * 86400 ? `${date} ${time}` : date;
}

export const agoOf = text => (Date.parse(text) > 0 ? Math.max((Date.now() - Date.parse(text)) / 1000, 0) : null);
