// The spans as a tree beside their bars. Only the rows in the window exist; details are measured and pushed in between.
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { preference } from "../state/preferences.ts";
import { SpanDetail } from "./detail.tsx";
import type { Log } from "./logs.ts";
import { SpanRow } from "./row.tsx";
import { rowOf } from "./rows.ts";
import { onTreeKey } from "./tree-keys.ts";
import { ROW_HEIGHT, type TraceView } from "./view.ts";

const OVERSCAN = 12;
/** Rows come and go in steps, so that most scroll events draw nothing. */
const STEP = 6;
/** Pixels outside the window that still count as beside it. */
const NEAR = 300;

/** Share of the width that names take, in per cent. */
export const nameShare = preference<number>(
  "name-share",
  text => (Number(text) >= 10 && Number(text) <= 85 ? Number(text) : null),
  innerWidth < 800 ? 56 : 40,
);

interface Props {
  view: TraceView;
  logsOf: (span: number) => readonly Log[];
}

export function Waterfall({ view, logsOf }: Props) {
  const body = useRef<HTMLDivElement>(null);
  const first = useSignal(0);
  const last = useSignal(40);
  const layout = view.layout.value;
  const rows = view.rows.value;

  // Which rows the window shows, by where the tree stands in it.
  useLayoutEffect(() => {
    const look = () => {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const layout = view.layout.peek();
      first.value = Math.max(0, Math.floor(layout.rowAt(-top) / STEP) * STEP - OVERSCAN);
      last.value = Math.min(layout.count - 1, Math.ceil(layout.rowAt(innerHeight - top) / STEP) * STEP + OVERSCAN);
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [view, layout]);

  const wanted = view.wanted.value;
  useEffect(() => {
    if (wanted) bringToView(view, body.current, wanted.span);
  }, [wanted]);

  const shown: number[] = [];
  for (let row = first.value; row <= Math.min(last.value, rows.length - 1); row++) shown.push(row);
  const current = view.current.value;
  const focusable =
    current >= 0 && rows[rowOf(rows, current)] === current
      ? current
      : rows[shown.find(row => layout.top(row) >= 0) ?? 0];
  return (
    <div
      class="tree"
      role="treegrid"
      aria-label={t().trace.tree}
      aria-rowcount={rows.length}
      ref={body}
      style={{ height: `${layout.total}px` }}
      onKeyDown={event => onTreeKey(view, event)}
    >
      <Grid view={view} />
      {shown.map(row => {
        const span = rows[row]!;
        const open = view.details.value.has(span);
        return (
          <div key={span} class="tree-item" style={{ transform: `translateY(${layout.top(row)}px)` }}>
            <SpanRow view={view} span={span} row={row} open={open} focusable={span === focusable} />
            {open && (
              <Measured onHeight={height => view.measured(span, height)}>
                <SpanDetail view={view} span={span} logs={logsOf(span)} />
              </Measured>
            )}
          </div>
        );
      })}
    </div>
  );
}

function Grid({ view }: { view: TraceView }) {
  const { from, to } = view.range.value;
  return (
    <div class="grid" aria-hidden="true">
      {view.ticks.value.map(at => (
        <i key={at} style={{ left: `${((at - from) / (to - from)) * 100}%` }} />
      ))}
    </div>
  );
}

function Measured({ onHeight, children }: { onHeight: (height: number) => void; children: preact.ComponentChildren }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => onHeight(element.offsetHeight);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="detail-frame" role="row" ref={ref}>
      <div role="gridcell">{children}</div>
    </div>
  );
}

/** Scrolls only when the row is hidden or close to the edge. */
function bringToView(view: TraceView, body: HTMLElement | null, span: number): void {
  if (!body) return;
  const rows = view.rows.peek();
  const layout = view.layout.peek();
  const row = rowOf(rows, span);
  const top = body.getBoundingClientRect().top + layout.top(row);
  const head = document.querySelector(".tree-head")?.getBoundingClientRect().bottom ?? 0;
  const opened = Math.min(view.details.peek().get(span) ?? 0, innerHeight / 2);
  const above = head + 4 - top;
  const below = top + ROW_HEIGHT + opened + 12 - innerHeight;
  if (above <= 0 && below <= 0) return;
  // What is near moves just far enough; what is far comes to where there is something around it.
  if (above > 0 && above < NEAR) scrollBy({ top: -above });
  else if (below > 0 && below < NEAR) scrollBy({ top: below });
  else scrollTo({ top: scrollY + top - Math.max(head + ROW_HEIGHT, innerHeight / 3) });
}
