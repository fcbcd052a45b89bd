// A span's events in order of time, and its links to other spans.
import type { SpanEvent, SpanLink } from "../api/otlp.ts";
import { t } from "../i18n/index.ts";
import { shortDuration } from "../text/duration.ts";
import { harmless } from "../text/harmless.ts";
import { between, clock, instant } from "../text/instant.ts";
import { attributesOf } from "./attributes.ts";
import { AttributesTable } from "./attributes-table.tsx";
import { spanById, type Trace } from "./model.ts";
import type { TraceView } from "./view.ts";

/** Times are relative to the span's start. */
export function Events({ trace, number, events }: { trace: Trace; number: number; events: readonly SpanEvent[] }) {
  const start = trace.starts[number]!;
  const timed = events
    .map(event => ({ event, offset: between(trace.start, instant(event.timeUnixNano)) - start }))
    .sort((a, b) => a.offset - b.offset);
  return (
    <ol class="events">
      {timed.map(({ event, offset }, i) => {
        const attributes = attributesOf(event.attributes);
        return (
          <li key={i} class={event.name === "exception" ? "event has-error" : "event"}>
            <div class="event-head">
              <time title={clock(instant(event.timeUnixNano), 9)}>+{shortDuration(offset)}</time>
              <bdi class="event-name">{harmless(event.name ?? "", 300) || t().results.noName}</bdi>
              {event.droppedAttributesCount ? (
                <span class="warn">{t().span.dropped(event.droppedAttributesCount)}</span>
              ) : null}
            </div>
            {attributes.length > 0 && <AttributesTable attributes={attributes} label={t().span.attributes} />}
          </li>
        );
      })}
    </ol>
  );
}

export function Links({ view, links }: { view: TraceView; links: readonly SpanLink[] }) {
  return (
    <ul class="links">
      {links.map((link, i) => {
        const here = sameTrace(link.traceId, view.trace.id) ? spanById(view.trace, link.spanId ?? "") : -1;
        const attributes = attributesOf(link.attributes);
        const address = `/trace/${encodeURIComponent(link.traceId ?? "")}?span=${encodeURIComponent(link.spanId ?? "")}`;
        return (
          <li key={i}>
            <a
              href={address}
              title={t().span.openLink}
              class="mono"
              onClick={event => {
                if (here < 0) return;
                event.preventDefault();
                view.show(here, "details");
              }}
            >
              {harmless(link.traceId ?? "", 40)} : {harmless(link.spanId ?? "", 40)}
            </a>
            {attributes.length > 0 && <AttributesTable attributes={attributes} label={t().span.attributes} />}
          </li>
        );
      })}
    </ul>
  );
}

function sameTrace(one: string | undefined, other: string): boolean {
  return (one ?? "").padStart(32, "0") === other.padStart(32, "0");
}
