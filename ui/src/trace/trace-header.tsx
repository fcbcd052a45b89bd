// The head of the trace page: what it is, when, how long, how much of what.
import { language, t } from "../i18n/index.ts";
import { CopyButton } from "../parts/copy.tsx";
import { Icon } from "../parts/icon.tsx";
import { lastSearch } from "../search/searching.ts";
import { parameter, setParameter } from "../state/route.ts";
import { exactDuration, shortDuration } from "../text/duration.ts";
import { oneLine } from "../text/harmless.ts";
import { ago, clock, day } from "../text/instant.ts";
import { nameOf, serviceOf } from "./model.ts";
import type { TraceView } from "./view.ts";

/** As many as fit into a line; one more than that is no reason for "+1". */
const MOST_SERVICES = 9;
const FEWER_SERVICES = 6;
export const VIEWS = ["timeline", "logs", "json"] as const;
export type ViewName = (typeof VIEWS)[number];

export function viewFromAddress(): ViewName {
  return VIEWS.find(name => name === parameter("view")) ?? "timeline";
}

export function TraceHeader({ view, logCount }: { view: TraceView; logCount: number | null }) {
  const { trace } = view;
  const words = t().trace;
  const number = (value: number) => value.toLocaleString(language.value);
  return (
    <header class="trace-header">
      <div class="trace-title">
        <a class="icon-button" href={lastSearch.value} title={t().shell.toSearch} aria-label={t().shell.toSearch}>
          <span class="turned">
            <Icon name="right" />
          </span>
        </a>
        <h1 class={`c${view.colour(0)}`}>
          <i class="dot" aria-hidden="true" />
          <bdi class="service">{oneLine(serviceOf(trace, 0), 80) || t().results.noService}</bdi>
          <bdi class="operation">{oneLine(nameOf(trace, 0), 200) || t().results.noName}</bdi>
        </h1>
        <span class="trace-id mono" title={trace.id}>
          {oneLine(trace.id, 40)}
        </span>
        <CopyButton text={() => trace.id} label={t().span.traceId} />
      </div>
      <dl class="facts">
        <Fact name={words.start} title={`${day(trace.start)} ${clock(trace.start, 9)}`}>
          {day(trace.start)} {clock(trace.start)}{" "}
          <span class="muted">{ago(trace.start, Date.now(), language.value)}</span>
        </Fact>
        <Fact name={words.duration} title={exactDuration(trace.duration)}>
          {shortDuration(trace.duration)}
        </Fact>
        <Fact name={words.services}>{number(trace.serviceNames.length)}</Fact>
        <Fact name={words.depth}>{number(trace.maxDepth)}</Fact>
        <Fact name={words.spans}>{number(trace.count)}</Fact>
        <Fact name={words.errors}>
          {trace.errorCount ? (
            <button type="button" class="text-button bad" title={words.nextError} onClick={() => view.nextError()}>
              <Icon name="error" size={12} /> {number(trace.errorCount)}
            </button>
          ) : (
            "0"
          )}
        </Fact>
      </dl>
      <div class="views-bar">
        <nav class="views" aria-label={words.views.timeline}>
          {VIEWS.map(name => (
            <button
              key={name}
              type="button"
              class="view-button"
              aria-current={viewFromAddress() === name ? "page" : undefined}
              onClick={() => setParameter("view", name === "timeline" ? null : name)}
            >
              {words.views[name]}
              {name === "logs" && logCount !== null && <span class="count">{number(logCount)}</span>}
            </button>
          ))}
        </nav>
        <span class="spread" />
        {viewFromAddress() === "timeline" && <Legend view={view} />}
      </div>
    </header>
  );
}

/** The services with their colours; a click finds a service's spans. */
function Legend({ view }: { view: TraceView }) {
  const { trace } = view;
  const all = trace.serviceNames.length;
  const shown = all > MOST_SERVICES ? FEWER_SERVICES : all;
  return (
    <div class="legend">
      {trace.serviceNames.slice(0, shown).map((name, number) => (
        <button
          key={name}
          type="button"
          class={`pill c${view.colours[number]}`}
          title={t().trace.findService}
          onClick={() => {
            view.findText.value = `service="${name.replace(/["\\]/g, "\\$&")}"`;
          }}
        >
          <i class="dot" aria-hidden="true" />
          <bdi>{oneLine(name, 40) || t().results.noService}</bdi>
          <b>{trace.serviceSpans[number]}</b>
        </button>
      ))}
      {all > shown && <span class="pill plain">+{all - shown}</span>}
    </div>
  );
}

function Fact({ name, title, children }: { name: string; title?: string; children: preact.ComponentChildren }) {
  return (
    <div class="fact" title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
