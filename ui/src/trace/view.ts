// What the reader does with a trace: collapsed, opened, zoomed, found. One per trace that is shown; parts of the page
// read its signals, keys and buttons call its verbs.
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { coloursOf } from "./colours.ts";
import { find, nextMatch } from "./find.ts";
import { ancestors, spanById, type Trace } from "./model.ts";
import { collapseOne, expandOne, Layout, parentsOf, rowOf, visibleRows } from "./rows.ts";
import { clamped, panned, type Range, ticks, zoomed } from "./time-axis.ts";

export const ROW_HEIGHT = 28;
/** No height that is ever measured, so that the first measurement is known as such. */
const FIRST_GUESS = 260.5;

export class TraceView {
  readonly colours: readonly number[];
  readonly collapsed = signal<ReadonlySet<number>>(new Set());
  /** Spans whose details are open, with the height that was measured. */
  readonly details = signal<ReadonlyMap<number, number>>(new Map());
  readonly range: Signal<Range>;
  readonly findText = signal("");
  readonly matches: ReadonlySignal<Int32Array>;
  readonly matching: ReadonlySignal<ReadonlySet<number>>;
  /** The span that keys act on and the address names; -1 for none. */
  readonly current = signal(-1);
  readonly rows: ReadonlySignal<Int32Array>;
  readonly layout: ReadonlySignal<Layout>;
  /** Of the column of bars, in pixels. */
  readonly timeWidth = signal(0);
  readonly ticks: ReadonlySignal<readonly number[]>;
  /** Set to bring a span to the middle of the window; the waterfall takes it. */
  readonly wanted = signal<{ span: number } | null>(null);
  private readonly settled = signal("");

  constructor(readonly trace: Trace) {
    this.colours = coloursOf(trace.serviceNames);
    this.range = signal(this.whole());
    this.rows = computed(() => visibleRows(trace, this.collapsed.value));
    this.layout = computed(() => {
      const rows = this.rows.value;
      const open = [...this.details.value].map(([span, height]) => ({ row: rowOf(rows, span), span, height }));
      return new Layout(
        rows.length,
        ROW_HEIGHT,
        open.filter(({ row, span }) => rows[row] === span),
      );
    });
    this.ticks = computed(() => ticks(this.range.value, Math.max(3, Math.floor(this.timeWidth.value / 100))));
    this.matches = computed(() => find(trace, this.settled.value));
    this.matching = computed(() => new Set(this.matches.value));
  }

  colour(span: number): number {
    return this.colours[this.trace.services[span]!] ?? 0;
  }

  whole(): Range {
    return { from: 0, to: Math.max(1, this.trace.duration) };
  }

  isWhole(): boolean {
    const { from, to } = this.range.value;
    return from === 0 && to === this.whole().to;
  }

  setRange(range: Range): void {
    this.range.value = clamped(range, this.whole().to);
  }

  pan(share: number): void {
    this.range.value = panned(this.range.value, share, this.whole().to);
  }

  zoom(factor: number, at?: number): void {
    this.range.value = zoomed(this.range.value, factor, this.whole().to, at);
  }

  toggle(span: number): void {
    const next = new Set(this.collapsed.value);
    if (!next.delete(span) && this.trace.descendants[span]) next.add(span);
    this.collapsed.value = next;
  }

  collapseAll(): void {
    this.collapsed.value = new Set(parentsOf(this.trace));
  }

  expandAll(): void {
    this.collapsed.value = new Set();
  }

  collapseOne(): void {
    this.collapsed.value = collapseOne(this.trace, this.collapsed.value);
  }

  expandOne(): void {
    this.collapsed.value = expandOne(this.trace, this.collapsed.value);
  }

  toggleDetails(span: number): void {
    const next = new Map(this.details.value);
    const opens = !next.delete(span);
    if (opens) next.set(span, FIRST_GUESS);
    batch(() => {
      this.details.value = next;
      this.current.value = span;
      if (opens) this.wanted.value = { span };
    });
  }

  measured(span: number, height: number): void {
    const held = this.details.peek().get(span);
    if (held === undefined || held === height) return;
    batch(() => {
      this.details.value = new Map(this.details.peek()).set(span, height);
      // Where it was brought to was a guess until now.
      if (held === FIRST_GUESS && this.wanted.peek()?.span === span) this.wanted.value = { span };
    });
  }

  /** Makes a span current and visible, with its details if they are asked for. */
  show(span: number, how: "row" | "details" = "row"): void {
    if (!(span >= 0 && span < this.trace.count)) return;
    batch(() => {
      const hiding = ancestors(this.trace, span).filter(at => this.collapsed.value.has(at));
      if (hiding.length) this.collapsed.value = new Set([...this.collapsed.value].filter(at => !hiding.includes(at)));
      if (how === "details" && !this.details.value.has(span)) {
        this.details.value = new Map(this.details.value).set(span, FIRST_GUESS);
      }
      const { from, to } = this.range.value;
      const start = this.trace.starts[span]!;
      if (start > to || start + this.trace.durations[span]! < from) this.range.value = this.whole();
      this.current.value = span;
      this.wanted.value = { span };
    });
  }

  showId(id: string): boolean {
    const span = spanById(this.trace, id);
    this.show(span, "details");
    return span >= 0;
  }

  /** To the next or previous match, or row where nothing is searched for. */
  step(by: 1 | -1): void {
    if (this.settled.value) this.show(nextMatch(this.matches.value, this.current.value, by));
    else this.stepRow(by);
  }

  stepRow(by: 1 | -1): void {
    const rows = this.rows.value;
    const row = this.current.value < 0 ? (by > 0 ? 0 : rows.length - 1) : rowOf(rows, this.current.value) + by;
    this.show(rows[Math.max(0, Math.min(rows.length - 1, row))] ?? -1);
  }

  nextError(): void {
    const errors = this.trace.errors;
    const after = errors.indexOf(1, this.current.value + 1);
    this.show(after >= 0 ? after : errors.indexOf(1));
  }

  /** Which of the matches the current span is, from 1; 0 for none of them. */
  matchNumber(): number {
    return this.matches.value.indexOf(this.current.value) + 1;
  }

  /** Takes the text to find, after a pause in typing (trace.tsx), and goes to the first match. */
  settle(text: string): void {
    if (this.settled.peek() === text) return;
    this.settled.value = text;
    const matches = this.matches.peek();
    if (matches.length && !matches.includes(this.current.peek())) this.show(matches[0]!);
  }
}
