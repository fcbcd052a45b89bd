// The details of a span below its row: facts, attributes, events, logs, links, where it came from.
import { useState } from "preact/hooks";
import { KINDS, type Span } from "../api/otlp.ts";
import { t } from "../i18n/index.ts";
import { CopyButton } from "../parts/copy.tsx";
import { Icon } from "../parts/icon.tsx";
import { Value } from "../parts/value.tsx";
import { exactDuration, shortDuration } from "../text/duration.ts";
import { harmless } from "../text/harmless.ts";
import { clock, day, plus } from "../text/instant.ts";
import { attributesOf } from "./attributes.ts";
import { AttributesTable } from "./attributes-table.tsx";
import { Events, Links } from "./events.tsx";
import { LogList } from "./log-list.tsx";
import type { Log } from "./logs.ts";
import { nameOf, serviceOf } from "./model.ts";
import { Section } from "./section.tsx";
import type { TraceView } from "./view.ts";

export function SpanDetail({ view, span: number, logs }: { view: TraceView; span: number; logs: readonly Log[] }) {
  const { trace } = view;
  const span = trace.spans[number]!;
  const resource = trace.resources[trace.resourceOf[number]!];
  const scope = trace.scopes[trace.scopeOf[number]!];
  const words = t().span;
  const attributes = attributesOf(span.attributes);
  const resources = attributesOf(resource?.attributes);
  const find = ({ key, text }: { key: string; text: string }) => {
    view.findText.value = `${key}="${text.replace(/["\\]/g, "\\$&")}"`;
  };
  return (
    <section class={`detail c${view.colour(number)}`} aria-label={words.details}>
      <p class="detail-name">
        <span class="muted">{t().form.operation}</span> <Value text={nameOf(trace, number) || t().results.noName} />
      </p>
      <Facts view={view} number={number} span={span} />
      {trace.warnings.get(number)?.map(name => (
        <p key={name} class="detail-warning">
          {words.warnings[name]}
        </p>
      ))}
      {span.status?.message && (
        <p class="detail-error mono">
          <Icon name="error" size={14} /> <Value text={span.status.message} />
        </p>
      )}
      <Section title={words.attributes} count={attributes.length} dropped={span.droppedAttributesCount} startsOpen>
        <AttributesTable attributes={attributes} label={words.attributes} onFind={find} />
      </Section>
      <Section
        title={words.events}
        count={span.events?.length ?? 0}
        dropped={span.droppedEventsCount}
        startsOpen={(span.events?.length ?? 0) <= 10}
      >
        <Events trace={trace} number={number} events={span.events ?? []} />
      </Section>
      <Section title={words.logs} count={logs.length} startsOpen={logs.length <= 10}>
        <LogList logs={logs} base={trace.starts[number]!} />
      </Section>
      <Section title={words.links} count={span.links?.length ?? 0} dropped={span.droppedLinksCount} startsOpen>
        <Links view={view} links={span.links ?? []} />
      </Section>
      <Section title={words.resource} count={resources.length} dropped={resource?.droppedAttributesCount}>
        <AttributesTable attributes={resources} label={words.resource} />
      </Section>
      <Section
        title={`${words.scope}${scope?.name ? ` ${harmless(`${scope.name} ${scope.version ?? ""}`, 120)}` : ""}`}
        count={scope?.attributes?.length ?? 0}
      >
        <AttributesTable attributes={attributesOf(scope?.attributes)} label={words.scope} />
      </Section>
      <Ids view={view} number={number} span={span} />
    </section>
  );
}

function Facts({ view, number, span }: { view: TraceView; number: number; span: Span }) {
  const { trace } = view;
  const words = t().span;
  const start = trace.starts[number]!;
  const code = span.status?.code ?? 0;
  return (
    <dl class="facts detail-facts">
      <div class="fact">
        <dt>{words.service}</dt>
        <dd>
          <i class="dot" aria-hidden="true" />{" "}
          <bdi>{harmless(serviceOf(trace, number), 100) || t().results.noService}</bdi>
        </dd>
      </div>
      <div class="fact">
        <dt>{words.kind}</dt>
        <dd>{words.kinds[KINDS[span.kind ?? 0] === undefined ? 0 : (span.kind ?? 0)]}</dd>
      </div>
      <div class="fact" title={`${day(trace.start)} ${clock(plus(trace.start, start), 9)}`}>
        <dt>{words.start}</dt>
        <dd>
          {clock(plus(trace.start, start), 6)} <span class="muted">+{shortDuration(start)}</span>
        </dd>
      </div>
      <div class="fact" title={exactDuration(trace.durations[number]!)}>
        <dt>{words.duration}</dt>
        <dd>{shortDuration(trace.durations[number]!)}</dd>
      </div>
      <div class="fact">
        <dt>{words.status}</dt>
        <dd class={code === 2 ? "bad" : ""}>{words.statuses[code] ?? code}</dd>
      </div>
    </dl>
  );
}

function Ids({ view, number, span }: { view: TraceView; number: number; span: Span }) {
  const words = t().span;
  const parent = view.trace.parents[number]!;
  const [link] = useState(() => () => `${location.origin}/trace/${view.trace.id}?span=${span.spanId ?? ""}`);
  return (
    <div class="ids">
      <span>
        {words.spanId} <code>{harmless(span.spanId ?? "", 40)}</code>
        <CopyButton text={() => span.spanId ?? ""} label={words.copyValue} />
      </span>
      {span.parentSpanId && (
        <span>
          {words.parentId}{" "}
          {parent >= 0 ? (
            <button
              type="button"
              class="text-button mono"
              title={words.toParent}
              onClick={() => view.show(parent, "details")}
            >
              {harmless(span.parentSpanId, 40)}
            </button>
          ) : (
            <code>{harmless(span.parentSpanId, 40)}</code>
          )}
        </span>
      )}
      {span.traceState && (
        <span>
          {words.traceState} <code>{harmless(span.traceState, 300)}</code>
        </span>
      )}
      {span.flags ? (
        <span>
          {words.flags} <code>0x{span.flags.toString(16)}</code>
        </span>
      ) : null}
      <span class="spread" />
      <CopyButton worded text={link} label={words.copyLink} />
      <CopyButton worded text={() => JSON.stringify(span, null, 2)} label={words.copyJson} />
    </div>
  );
}
