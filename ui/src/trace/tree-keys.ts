// Keys of the row in focus, as ARIA's treegrid pattern has them: arrows walk and fold, Enter opens the details.
import type { TargetedKeyboardEvent } from "preact";
import { rowOf } from "./rows.ts";
import type { TraceView } from "./view.ts";

export function onTreeKey(view: TraceView, event: TargetedKeyboardEvent<HTMLElement>): void {
  const target = event.target as HTMLElement;
  if (target.getAttribute("role") !== "row" || event.ctrlKey || event.metaKey || event.altKey) return;
  const span = Number(target.dataset.span);
  const rows = view.rows.value;
  const row = rowOf(rows, span);
  const go = (to: number) => {
    const wanted = rows[Math.max(0, Math.min(rows.length - 1, to))]!;
    view.show(wanted);
    requestAnimationFrame(() =>
      document.querySelector<HTMLElement>(`[role=row][data-span="${wanted}"]`)?.focus({ preventScroll: true }),
    );
  };
  const shut = view.collapsed.value.has(span);
  const page = Math.max(1, Math.floor(innerHeight / 28) - 8);
  switch (event.key) {
    case "ArrowDown":
      go(row + 1);
      break;
    case "ArrowUp":
      go(row - 1);
      break;
    case "PageDown":
      go(row + page);
      break;
    case "PageUp":
      go(row - page);
      break;
    case "Home":
      go(0);
      break;
    case "End":
      go(rows.length - 1);
      break;
    case "ArrowRight":
      if (shut) view.toggle(span);
      else if (view.trace.descendants[span]) go(row + 1);
      break;
    case "ArrowLeft":
      if (!shut && view.trace.descendants[span]) view.toggle(span);
      else if (view.trace.parents[span]! >= 0) go(rowOf(rows, view.trace.parents[span]!));
      break;
    case "Enter":
    case " ":
      view.toggleDetails(span);
      break;
    default:
      return;
  }
  event.preventDefault();
}
