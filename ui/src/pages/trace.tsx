// `/trace/{id}`: loads the trace and its logs, and shows one of its views. `?span=` opens a span, `?view=` chooses a view.
import { useEffect, useLayoutEffect, useMemo } from "preact/hooks";
import type { ResourceSpans } from "../api/otlp.ts";
import { fetchLogs, fetchTrace, type LogRecord } from "../api/routes.ts";
import { t } from "../i18n/index.ts";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { Loading } from "../state/loading.ts";
import { address, parameter, setParameter } from "../state/route.ts";
import { oneLine } from "../text/harmless.ts";
import { buildTrace } from "../trace/build.ts";
import { JsonView } from "../trace/json-view.tsx";
import { onTraceKey } from "../trace/keys.ts";
import { type Log, logsOf } from "../trace/logs.ts";
import { LogsView } from "../trace/logs-view.tsx";
import { Minimap } from "../trace/minimap.tsx";
import { nameOf, serviceOf } from "../trace/model.ts";
import { TraceHeader, viewFromAddress } from "../trace/trace-header.tsx";
import { TreeHead } from "../trace/tree-head.tsx";
import { TraceView } from "../trace/view.ts";
import { nameShare, Waterfall } from "../trace/waterfall.tsx";

const traces = new Loading<{ source: ResourceSpans[]; view: TraceView }>();
const logs = new Loading<LogRecord[]>();

export function traceIdOf(path: string): string {
  try {
    return decodeURIComponent(path.replace(/^\/trace\//, "").replace(/\/$/, ""));
  } catch {
    return "";
  }
}

export function TracePage() {
  const id = traceIdOf(address.value.path);
  const ask = (how: "once" | "again") => {
    traces.ask(
      id,
      async signal => {
        const source = await fetchTrace(id, signal);
        return { source, view: new TraceView(buildTrace(id, source)) };
      },
      how,
    );
    logs.ask(id, signal => fetchLogs(id, signal), how);
  };
  // Coming back to a trace asks again: it may have grown.
  useEffect(() => ask("again"), [id]);
  const { key, value, error } = traces.state.value;
  if (error && key === id) {
    if (error.status === 404) {
      return (
        <Notice title={t().trace.failed}>
          <p>{t().trace.notFound}</p>
          <p class="mono">{oneLine(id, 80)}</p>
          <button type="button" class="button" onClick={() => ask("again")}>
            {t().trace.again}
          </button>
        </Notice>
      );
    }
    return <ErrorNotice title={t().trace.failed} error={error} onAgain={() => ask("again")} />;
  }
  if (!value || key !== id) {
    return (
      <p class="waiting" role="status">
        {t().trace.loading}
      </p>
    );
  }
  if (!value.view.trace.count) return <Notice title={t().trace.noSpans} />;
  return <Shown key={id} view={value.view} source={value.source} onAgain={() => ask("again")} />;
}

function Shown({ view, source, onAgain }: { view: TraceView; source: ResourceSpans[]; onAgain: () => void }) {
  const { trace } = view;
  const loaded = logs.state.value;
  const own = useMemo(() => logsOf(trace, loaded.value ?? []), [trace, loaded.value]);
  const bySpan = useMemo(() => Map.groupBy(own, log => log.span), [own]);
  useAddressedSpan(view);
  useFindAfterPause(view);
  useEffect(() => {
    document.title = `${oneLine(serviceOf(trace, 0), 40)}: ${oneLine(nameOf(trace, 0), 60)} · Otelier`;
  }, [view]);
  // Before the page is drawn: who sees it may press a key at once.
  useLayoutEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (viewFromAddress() === "timeline") onTraceKey(view, event);
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [view]);
  const name = viewFromAddress();
  return (
    <div class="trace-page" style={{ "--share": nameShare.value / 100 }}>
      <TraceHeader view={view} logCount={loaded.value ? own.length : null} />
      {name === "timeline" && (
        <>
          <Minimap view={view} />
          <TreeHead view={view} />
          <Waterfall view={view} logsOf={span => bySpan.get(span) ?? NO_LOGS} />
        </>
      )}
      {name === "logs" && <LogsView view={view} loaded={loaded} logs={own} onAgain={onAgain} />}
      {name === "json" && <JsonView view={view} source={source} />}
    </div>
  );
}

const NO_LOGS: readonly Log[] = [];

/** The address opens a span when the page comes up; from then on the current span writes the address. */
function useAddressedSpan(view: TraceView): void {
  useEffect(() => {
    const wanted = parameter("span");
    if (wanted) view.showId(wanted);
  }, [view]);
  const current = view.current.value;
  useEffect(() => {
    const id = view.trace.spans[current]?.spanId;
    if (id && parameter("span") !== id) setParameter("span", id);
  }, [current]);
}

/** Each key is drawn at once; finding waits for a pause, longer in a large trace. */
function useFindAfterPause(view: TraceView): void {
  const text = view.findText.value;
  useEffect(() => {
    const timer = setTimeout(() => view.settle(text), text ? Math.min(200, 20 + view.trace.count / 200) : 0);
    return () => clearTimeout(timer);
  }, [view, text]);
}
