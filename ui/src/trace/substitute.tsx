// What stands above a trace that is shown in the place of another one, and what is said where there is none to show.
import type { Exemplar, Measured } from "../api/routes.ts";
import { t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { shortDuration } from "../text/duration.ts";
import { oneLine } from "../text/harmless.ts";
import { between, clock, day, type Instant, instant } from "../text/instant.ts";
import type { TraceView } from "./view.ts";

interface Props {
  exemplar: Exemplar;
  view: TraceView;
  onAgain: () => void;
}

export function SubstituteNotice({ exemplar, view, onAgain }: Props) {
  const { exemplar: measured, substitute } = exemplar;
  if (!measured || !substitute) return null;
  const words = t().trace.substitute;
  const apart = between(instant(measured.timeUnixNano), instant(substitute.startTimeUnixNano));
  const took = shortDuration(Number(substitute.durationNanos));
  return (
    <section class="substitute" role="note" aria-label={words.title}>
      <h2>
        <Icon name="error" /> {words.title}
      </h2>
      <p>
        {words.dropped} <code>{exemplar.traceId}</code>
      </p>
      <p>
        {words.measured} <What measured={measured} />
      </p>
      <p>{words.shown(took, apart < 0 ? words.earlier(shortDuration(-apart)) : words.later(shortDuration(apart)))}</p>
      <p class="buttons">
        <button type="button" class="button" onClick={() => view.showId(substitute.spanId)}>
          {words.span}
        </button>
        <a class="button" href={`/trace/${substitute.traceId}?span=${substitute.spanId}`}>
          {words.own}
        </a>
        <button type="button" class="button" onClick={onAgain}>
          {t().trace.again}
        </button>
      </p>
    </section>
  );
}

export function NoSubstitute({ measured }: { measured: Measured }) {
  const words = t().trace.substitute;
  return (
    <>
      <p>{words.none}</p>
      <p>
        {words.measured} <What measured={measured} />
      </p>
    </>
  );
}

function What({ measured }: { measured: Measured }) {
  const { service, name, kind, status, durationNanos } = measured;
  const parts = [
    oneLine(service, 60),
    name && oneLine(name, 80),
    kind !== undefined && t().span.kinds[kind],
    status !== undefined && t().span.statuses[status],
    durationNanos && shortDuration(Number(durationNanos)),
    moment(instant(measured.timeUnixNano)),
  ];
  return <b>{parts.filter(Boolean).join(" · ")}</b>;
}

const moment = (at: Instant) => `${day(at)} ${clock(at)}`;
