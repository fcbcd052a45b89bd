// What a TraceQL search found: traces, and in each the spans that the query left, which lead to their place in the trace.

import type { FoundSpan, FoundTrace } from "../api/traceql.ts";
import { language, t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { shortDuration } from "../text/duration.ts";
import { oneLine } from "../text/harmless.ts";
import { ago, clock, day, instant } from "../text/instant.ts";
import { colourOf } from "../trace/colours.ts";

export function FoundTraces({ traces, limit }: { traces: readonly FoundTrace[]; limit: number }) {
  const words = t().results;
  return (
    <>
      <div class="results-bar">
        <h2>{words.title(traces.length)}</h2>
        {traces.length >= limit && <span class="muted">{words.limited(limit)}</span>}
      </div>
      <ol class="found-traces">
        {traces.map(trace => (
          <Trace key={trace.traceId} trace={trace} />
        ))}
      </ol>
    </>
  );
}

function Trace({ trace }: { trace: FoundTrace }) {
  const words = t().results;
  const start = instant(trace.start);
  return (
    <li class={`found-trace c${colourOf(trace.service)}`}>
      <a class="found-head" href={`/trace/${trace.traceId}`}>
        <i class="dot" aria-hidden="true" />
        <b>
          <bdi>{oneLine(trace.service, 60)}</bdi>
        </b>
        <bdi class="found-name">{oneLine(trace.name, 120) || words.rootless}</bdi>
        <span class="muted">{words.spans(trace.spans)}</span>
        {trace.errors > 0 && (
          <span class="bad">
            <Icon name="error" size={12} /> {words.errors(trace.errors)}
          </span>
        )}
        <span class="spread" />
        <span class="mono">{trace.durationMs ? shortDuration(trace.durationMs * 1e6) : "< 1 ms"}</span>
        <time class="muted" title={`${day(start)} ${clock(start, 6)}`}>
          {clock(start, 0)} {ago(start, Date.now(), language.value)}
        </time>
      </a>
      {trace.sets.map((set, i) => (
        <ul class="found-spans" key={i}>
          {set.attributes.length > 0 && <li class="found-set mono">{set.attributes.map(written).join("  ")}</li>}
          {set.spans.map(span => (
            <Span key={span.spanId} traceId={trace.traceId} span={span} />
          ))}
          {set.matched > set.spans.length && (
            <li class="muted">{t().explore.moreSpans(set.matched - set.spans.length)}</li>
          )}
        </ul>
      ))}
    </li>
  );
}

function Span({ traceId, span }: { traceId: string; span: FoundSpan }) {
  return (
    <li>
      <a class="found-span" href={`/trace/${traceId}?span=${span.spanId}`}>
        <span class="mono found-duration">{shortDuration(span.durationNs)}</span>
        <bdi>{oneLine(span.name, 120) || span.spanId}</bdi>
        <span class="found-attributes mono muted">{span.attributes.map(written).join("  ")}</span>
      </a>
    </li>
  );
}

function written([key, value]: [string, string]): string {
  return `${oneLine(key, 80)}=${oneLine(value, 120)}`;
}
