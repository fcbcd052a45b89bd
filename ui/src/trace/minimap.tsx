// The whole trace in a strip. Dragging chooses the part of time that the waterfall shows.
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { useWidth } from "../parts/use-width.ts";
import { isDark } from "../state/theme.ts";
import { shortDuration } from "../text/duration.ts";
import { COLOURS } from "./colours.ts";
import { LABEL_PX, ticks } from "./time-axis.ts";
import type { TraceView } from "./view.ts";

const MOST = 54;

export function Minimap({ view }: { view: TraceView }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current && width) draw(canvas.current, view, width);
  }, [view, width, isDark.value]);

  const height = heightFor(view);
  const whole = view.whole().to;
  const { from, to } = view.range.value;
  const share = (at: number) => `${(at / whole) * 100}%`;
  return (
    <div class="minimap">
      <div class="minimap-ticks" aria-hidden="true">
        {ticks(
          { from: 0, to: whole * (1 - LABEL_PX / Math.max(width, LABEL_PX)) },
          Math.max(3, Math.floor(width / 120)),
        ).map(at => (
          <span key={at} style={{ left: share(at) }}>
            {at ? shortDuration(at) : "0"}
          </span>
        ))}
      </div>
      <div
        class="minimap-strip"
        ref={ref}
        title={t().trace.minimap}
        style={{ height: `${height}px` }}
        onPointerDown={event => drag(event, view)}
      >
        <canvas ref={canvas} />
        <span class="veil" style={{ left: "0", width: share(from) }} />
        <span class="veil" style={{ left: share(to), right: "0" }} />
        {!view.isWhole() && <span class="window" style={{ left: share(from), width: share(to - from) }} />}
      </div>
      {!view.isWhole() && (
        <button type="button" class="button small minimap-reset" onClick={() => view.setRange(view.whole())}>
          {t().trace.reset}
        </button>
      )}
    </div>
  );
}

function drag(event: PointerEvent & { currentTarget: HTMLElement }, view: TraceView): void {
  const strip = event.currentTarget;
  const box = strip.getBoundingClientRect();
  const at = (x: number) => Math.max(0, Math.min(1, (x - box.left) / box.width)) * view.whole().to;
  const first = event.clientX;
  strip.setPointerCapture(event.pointerId);
  const move = (moved: PointerEvent) => {
    if (Math.abs(moved.clientX - first) < 4) return;
    view.setRange({ from: at(Math.min(first, moved.clientX)), to: at(Math.max(first, moved.clientX)) });
  };
  const end = () => strip.removeEventListener("pointermove", move);
  strip.addEventListener("pointermove", move);
  strip.addEventListener("pointerup", end, { once: true });
  strip.addEventListener("pointercancel", end, { once: true });
}

/** A few spans need less. */
function heightFor(view: TraceView): number {
  return Math.min(MOST, 10 + view.trace.count * 8);
}

/** Rows are squeezed into the strip's height; where spans lie over one another, errors are drawn last. */
function draw(canvas: HTMLCanvasElement, view: TraceView, width: number): void {
  const { trace } = view;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(heightFor(view) * scale);
  const context = canvas.getContext("2d");
  if (!context) return;
  const colours = paints(canvas);
  const whole = view.whole().to;
  const line = Math.max(1, Math.min(4 * scale, (canvas.height - 4) / trace.count));
  const step = (canvas.height - 4 - line) / Math.max(1, trace.count - 1);
  const bar = (span: number, paint: string) => {
    context.fillStyle = paint;
    const left = (trace.starts[span]! / whole) * canvas.width;
    context.fillRect(
      left,
      2 + Math.min(step, 8 * scale) * span,
      Math.max(scale, (trace.durations[span]! / whole) * canvas.width),
      line,
    );
  };
  for (let span = 0; span < trace.count; span++) bar(span, colours[view.colour(span)]!);
  for (let span = 0; span < trace.count; span++) if (trace.errors[span]) bar(span, colours[COLOURS]!);
}

/** The colours of services and, last, of errors as the current theme resolves them. */
function paints(canvas: HTMLCanvasElement): string[] {
  const probe = document.createElement("span");
  canvas.parentElement!.append(probe);
  const names = [...Array.from({ length: COLOURS }, (_, i) => `--s${i}`), "--bad"];
  const found = names.map(name => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
}
