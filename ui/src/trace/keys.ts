// The keys of the trace page. Keys with a row in focus are the tree's own (waterfall.tsx); these hold everywhere else.
import { isComposing } from "../parts/text-input.tsx";
import { setParameter } from "../state/route.ts";
import type { TraceView } from "./view.ts";

type Action = (view: TraceView, event: KeyboardEvent) => void;

const reach = (event: KeyboardEvent) => (event.shiftKey ? 0.5 : 0.1);
const left: Action = (view, event) => view.pan(-reach(event));
const right: Action = (view, event) => view.pan(reach(event));
const closer: Action = view => view.zoom(0.7);
const further: Action = view => view.zoom(1 / 0.7);

const ACTIONS: Record<string, Action> = {
  "/": () => document.getElementById("trace-find")?.focus(),
  f: view => view.step(1),
  b: view => view.step(-1),
  j: view => view.stepRow(1),
  k: view => view.stepRow(-1),
  Enter: view => view.current.value >= 0 && view.toggleDetails(view.current.value),
  o: view => view.expandOne(),
  p: view => view.collapseOne(),
  "]": view => view.collapseAll(),
  "[": view => view.expandAll(),
  a: left,
  A: left,
  ArrowLeft: left,
  d: right,
  D: right,
  ArrowRight: right,
  w: () => scrollBy({ top: -innerHeight / 3, behavior: "smooth" }),
  s: () => scrollBy({ top: innerHeight / 3, behavior: "smooth" }),
  "+": closer,
  "=": closer,
  ArrowUp: closer,
  "-": further,
  ArrowDown: further,
  e: view => view.nextError(),
  Escape: view => {
    if (view.findText.value) view.findText.value = "";
    else if (!view.isWhole()) view.setRange(view.whole());
    else if (view.current.value >= 0) {
      view.current.value = -1;
      setParameter("span", null);
    }
  },
};

export function onTraceKey(view: TraceView, event: KeyboardEvent): void {
  if (event.defaultPrevented || isComposing(event) || event.altKey || event.metaKey) return;
  if (event.ctrlKey) {
    if (event.key === "b") act(ACTIONS["/"]!, view, event);
    return;
  }
  const target = event.target as HTMLElement;
  if (target.closest("input, select, textarea, dialog, [contenteditable]")) return;
  if (event.key === "Enter" && target.closest("a, button, summary")) return;
  const action = Object.hasOwn(ACTIONS, event.key) ? ACTIONS[event.key] : undefined;
  if (action) act(action, view, event);
}

function act(action: Action, view: TraceView, event: KeyboardEvent): void {
  event.preventDefault();
  action(view, event);
}
