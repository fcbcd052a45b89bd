// The visible part of a trace's time: zooming, panning, and round ticks.

/** Room for a tick's number; a tick with less at the right edge has none. */
export const LABEL_PX = 52;

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Never shorter than this share of a pixel could show, nor outside the trace. */
export function clamped(range: Range, duration: number): Range {
  const least = Math.min(duration, 10);
  const length = Math.min(Math.max(range.to - range.from, least), duration);
  const from = Math.min(Math.max(range.from, 0), duration - length);
  return { from, to: from + length };
}

export function panned(range: Range, share: number, duration: number): Range {
  const by = (range.to - range.from) * share;
  return clamped({ from: range.from + by, to: range.to + by }, duration);
}

/** Around the middle, or around `at`; a factor under 1 comes closer. */
export function zoomed(range: Range, factor: number, duration: number, at = (range.from + range.to) / 2): Range {
  return clamped({ from: at - (at - range.from) * factor, to: at + (range.to - at) * factor }, duration);
}

/** Round positions inside the range, at most `most` of them. */
export function ticks(range: Range, most: number): number[] {
  const length = range.to - range.from;
  if (!(length > 0) || most < 1) return [];
  const step = roundStep(length / most);
  const found: number[] = [];
  for (let at = Math.ceil(range.from / step) * step; at <= range.to && found.length <= most; at += step) found.push(at);
  return found;
}

function roundStep(least: number): number {
  // Above a second, steps are those of a clock.
  for (const step of [60e9, 120e9, 300e9, 600e9, 1800e9, 3600e9, 7200e9, 21600e9, 43200e9, 86400e9]) {
    if (least > 30e9 && step >= least) return step;
  }
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5, 10]) if (factor * power >= least * 0.999999) return Math.max(1, factor * power);
  return Math.max(1, 10 * power);
}

/** Where a stretch of time stands in the range, in per cent; null where it is not to be seen. */
export function placed(start: number, duration: number, range: Range): { left: number; width: number } | null {
  const length = range.to - range.from || 1;
  const end = start + duration;
  if (end < range.from || start > range.to) return null;
  const left = Math.max(0, ((start - range.from) / length) * 100);
  const right = Math.min(100, ((end - range.from) / length) * 100);
  return { left, width: right - left };
}
