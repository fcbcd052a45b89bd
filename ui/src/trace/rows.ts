// Which spans have a row (collapsed ones hide what is below), and where rows stand when some are opened into details.
import type { Trace } from "./model.ts";

/** The spans with a row, ascending: a collapsed span's descendants are left out. */
export function visibleRows(trace: Trace, collapsed: ReadonlySet<number>): Int32Array {
  const rows = new Int32Array(trace.count);
  let filled = 0;
  for (let span = 0; span < trace.count; span++) {
    rows[filled++] = span;
    if (collapsed.has(span)) span += trace.descendants[span]!;
  }
  return rows.subarray(0, filled);
}

/** The row of a span, or of what hides it: its nearest ancestor with a row. */
export function rowOf(rows: Int32Array, span: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rows[middle]! <= span) low = middle;
    else high = middle - 1;
  }
  return rows.length ? low : -1;
}

export function parentsOf(trace: Trace): number[] {
  const found: number[] = [];
  for (let span = 0; span < trace.count; span++) if (trace.descendants[span]) found.push(span);
  return found;
}

/** Collapses the deepest level that is still open. */
export function collapseOne(trace: Trace, collapsed: ReadonlySet<number>): Set<number> {
  const open = [...visibleRows(trace, collapsed)].filter(span => trace.descendants[span] && !collapsed.has(span));
  const deepest = open.reduce((max, span) => Math.max(max, trace.depths[span]!), -1);
  return new Set([...collapsed, ...open.filter(span => trace.depths[span] === deepest)]);
}

/** Opens the highest level that is collapsed. */
export function expandOne(trace: Trace, collapsed: ReadonlySet<number>): Set<number> {
  const shut = [...visibleRows(trace, collapsed)].filter(span => collapsed.has(span));
  const highest = shut.reduce((min, span) => Math.min(min, trace.depths[span]!), Number.POSITIVE_INFINITY);
  const opened = new Set(shut.filter(span => trace.depths[span] === highest));
  return new Set([...collapsed].filter(span => !opened.has(span)));
}

/** Rows of one height, some with details of any height below them. */
export class Layout {
  readonly total: number;
  private readonly open: { row: number; height: number }[];

  constructor(
    readonly count: number,
    readonly rowHeight: number,
    details: Iterable<{ row: number; height: number }>,
  ) {
    this.open = [...details].sort((a, b) => a.row - b.row);
    this.total = count * rowHeight + this.open.reduce((sum, { height }) => sum + height, 0);
  }

  top(row: number): number {
    let above = row * this.rowHeight;
    for (const detail of this.open) {
      if (detail.row >= row) break;
      above += detail.height;
    }
    return above;
  }

  /** The row whose own line or detail is at this height. */
  rowAt(y: number): number {
    let above = 0;
    for (const { row, height } of this.open) {
      const end = (row + 1) * this.rowHeight + above;
      if (y < end) break;
      if (y < end + height) return row;
      above += height;
    }
    return Math.max(0, Math.min(this.count - 1, Math.floor((y - above) / this.rowHeight)));
  }
}
