// `/trace/{id}`: loads the trace and its logs, and shows one of its views. `?span=` opens a span, `?view=` chooses a view.
// `?exemplar=` says when an exemplar of the trace was measured: if the trace is not stored, a kept one is shown instead.
import { useEffect, useLayoutEffect, useMemo } from "preact/hooks";
import { ApiError } from "../api/client.ts";
import type { ResourceSpans } from "../api/otlp.ts";
import { type Exemplar, fetchExemplar, fetchLogs, fetchTrace, type LogRecord } from "../api/routes.ts";
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
import { NoSubstitute, SubstituteNotice } from "../trace/substitute.tsx";
import { TraceHeader, viewFromAddress } from "../trace/trace-header.tsx";
import { TreeHead } from "../trace/tree-head.tsx";
import { TraceView } from "../trace/view.ts";
import { nameShare, Waterfall } from "../trace/waterfall.tsx";

interface Found {
  source: ResourceSpans[];
  view: TraceView;
  /** Why the trace is another one than was asked for; null where it is the one. */
  exemplar: Exemplar | null;
}

const traces = new Loading<Found>();
const logs = new Loading<LogRecord[]>();

class NoTrace extends ApiError {
  constructor(readonly exemplar: Exemplar) {
    super(404, "");
  }
}

async function load(id: string, signal: AbortSignal): Promise<Found> {
  const found = async (of: string, exemplar: Exemplar | null) => {
    const source = await fetchTrace(of, signal);
    return { source, view: new TraceView(buildTrace(of, source)), exemplar };
  };
  try {
    return await found(id, null);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404 || parameter("exemplar") === null) throw error;
    const exemplar = await fetchExemplar(id, new URLSearchParams(address.peek().search), signal);
    if (!exemplar.substitute) throw new NoTrace(exemplar);
    const { traceId } = exemplar.substitute;
    logs.ask(traceId, stop => fetchLogs(traceId, stop));
    return await found(traceId, exemplar);
  }
}

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
    traces.ask(id, signal => load(id, signal), how);
    logs.ask(id, signal => fetchLogs(id, signal), how);
  };
  // Coming back to a trace asks again: it may have grown.
  useEffect(() => ask("again"), [id]);
  const { key, value, error } = traces.state.value;
  if (error && key === id) {
    if (error.status === 404) {
      return (
        <Notice title={t().trace.failed}>
          {error instanceof NoTrace && error.exemplar.exemplar ? (
            <NoSubstitute measured={error.exemplar.exemplar} />
          ) : (
            <p>{t().trace.notFound}</p>
          )}
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
  return <Shown key={id} found={value} onAgain={() => ask("again")} />;
}

function Shown({ found, onAgain }: { found: Found; onAgain: () => void }) {
  const { view, source, exemplar } = found;
  const { trace } = view;
  const loaded = logs.state.value;
  const own = useMemo(() => logsOf(trace, loaded.value ?? []), [trace, loaded.value]);
  const bySpan = useMemo(() => Map.groupBy(own, log => log.span), [own]);
  useAddressedSpan(view, exemplar?.substitute?.spanId);
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
      {exemplar && <SubstituteNotice exemplar={exemplar} view={view} onAgain={onAgain} />}
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

/** The address opens a span when the page comes up; from then on the current span writes the address.
 *  In the place of another trace `substitute` is opened, and the address goes on to name what was measured. */
function useAddressedSpan(view: TraceView, substitute?: string): void {
  useEffect(() => {
    const wanted = substitute ?? parameter("span");
    if (wanted) view.showId(wanted);
    // That it is a substitute has to be seen first.
    if (substitute) view.wanted.value = null;
  }, [view]);
  const current = view.current.value;
  useEffect(() => {
    const id = view.trace.spans[current]?.spanId;
    if (id && !substitute && parameter("span") !== id) setParameter("span", id);
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
