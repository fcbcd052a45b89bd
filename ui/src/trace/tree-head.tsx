// What stays on top while the rows scroll: find, fold buttons, and the time axis with the handle between the columns.

import { useEffect } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { TextInput } from "../parts/text-input.tsx";
import { useWidth } from "../parts/use-width.ts";
import { shortDuration } from "../text/duration.ts";
import { LABEL_PX } from "./time-axis.ts";
import type { TraceView } from "./view.ts";
import { nameShare } from "./waterfall.tsx";

export function TreeHead({ view }: { view: TraceView }) {
  const words = t().trace;
  return (
    <div class="tree-head">
      <div class="tree-tools">
        <Find view={view} />
        <span class="spread" />
        <Tool icon="expand" label={words.expandOne} onClick={() => view.expandOne()} />
        <Tool icon="collapse" label={words.collapseOne} onClick={() => view.collapseOne()} />
        <button type="button" class="button small" onClick={() => view.expandAll()}>
          {words.expandAll}
        </button>
        <button type="button" class="button small" onClick={() => view.collapseAll()}>
          {words.collapseAll}
        </button>
      </div>
      <Axis view={view} />
    </div>
  );
}

function Tool({ icon, label, onClick }: { icon: "expand" | "collapse"; label: string; onClick: () => void }) {
  return (
    <button type="button" class="icon-button" title={label} aria-label={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

function Find({ view }: { view: TraceView }) {
  const words = t().trace;
  const text = view.findText.value;
  return (
    <div class="find" role="search" aria-label={words.find}>
      <Icon name="search" size={14} />
      <TextInput
        id="trace-find"
        role="searchbox"
        aria-label={words.find}
        placeholder={`${words.find}: ${words.findHint}`}
        value={text}
        onText={typed => {
          view.findText.value = typed;
        }}
        onKey={event => {
          if (event.key === "Enter") {
            event.preventDefault();
            view.step(event.shiftKey ? -1 : 1);
          } else if (event.key === "Escape") {
            event.preventDefault();
            if (text) view.findText.value = "";
            else event.currentTarget.blur();
          }
        }}
      />
      {text && (
        <>
          <span class="find-count" role="status">
            {words.matches(view.matchNumber(), view.matches.value.length)}
          </span>
          <button
            type="button"
            class="icon-button small"
            title={words.previous}
            aria-label={words.previous}
            onClick={() => view.step(-1)}
          >
            <Icon name="up" size={14} />
          </button>
          <button
            type="button"
            class="icon-button small"
            title={words.next}
            aria-label={words.next}
            onClick={() => view.step(1)}
          >
            <Icon name="down" size={14} />
          </button>
          <button
            type="button"
            class="icon-button small"
            title={words.clear}
            aria-label={words.clear}
            onClick={() => {
              view.findText.value = "";
            }}
          >
            <Icon name="close" size={14} />
          </button>
        </>
      )}
    </div>
  );
}

function Axis({ view }: { view: TraceView }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  useEffect(() => {
    view.timeWidth.value = width;
  }, [view, width]);
  const range = view.range.value;
  const length = range.to - range.from;
  return (
    <div class="axis">
      <div class="axis-name">{t().trace.nameColumn}</div>
      <Handle />
      <div class="axis-time" ref={ref}>
        {view.ticks.value.map(at => (
          <span key={at} class="tick" style={{ left: `${((at - range.from) / length) * 100}%` }}>
            {((range.to - at) / length) * width > LABEL_PX && (at ? shortDuration(at) : "0")}
          </span>
        ))}
      </div>
    </div>
  );
}

/** The border between names and bars: to be dragged, or moved by the arrow keys. */
function Handle() {
  const move = (share: number) => {
    nameShare.value = Math.round(Math.max(10, Math.min(85, share)) * 10) / 10;
  };
  return (
    <div
      class="handle"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={t().trace.resizeColumn}
      aria-valuenow={nameShare.value}
      aria-valuemin={10}
      aria-valuemax={85}
      onKeyDown={event => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        event.preventDefault();
        move(nameShare.value + (event.key === "ArrowLeft" ? -2 : 2));
      }}
      onPointerDown={event => {
        event.preventDefault();
        const handle = event.currentTarget;
        const box = handle.parentElement!.getBoundingClientRect();
        handle.setPointerCapture(event.pointerId);
        const follow = (moved: PointerEvent) => move(((moved.clientX - box.left) / box.width) * 100);
        handle.addEventListener("pointermove", follow);
        const end = () => handle.removeEventListener("pointermove", follow);
        handle.addEventListener("pointerup", end, { once: true });
        handle.addEventListener("pointercancel", end, { once: true });
      }}
    />
  );
}
