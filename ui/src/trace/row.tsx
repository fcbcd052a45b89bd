// One row: indent, fold, service and operation; on the right the bar with its duration.
import { t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { shortDuration } from "../text/duration.ts";
import { oneLine } from "../text/harmless.ts";
import { nameOf, serviceOf } from "./model.ts";
import { placed } from "./time-axis.ts";
import type { TraceView } from "./view.ts";

const INDENT = 14;
/** Deeper levels stay at this indent and say their depth instead. */
const MOST_INDENTS = 18;

interface Props {
  view: TraceView;
  span: number;
  row: number;
  open: boolean;
  focusable: boolean;
}

export function SpanRow({ view, span, row, open, focusable }: Props) {
  const { trace } = view;
  const below = trace.descendants[span]!;
  const shut = view.collapsed.value.has(span);
  const depth = trace.depths[span]!;
  const parent = trace.parents[span]!;
  const service = serviceOf(trace, span);
  // A name is repeated only where the service changes; in between the colour says it.
  const sameService = parent >= 0 && trace.services[parent] === trace.services[span];
  const classes = ["row", `c${view.colour(span)}`];
  if (view.current.value === span) classes.push("current");
  if (open) classes.push("open");
  if (trace.errors[span]) classes.push("has-error");
  if (view.matching.value.size) classes.push(view.matching.value.has(span) ? "match" : "no-match");
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles its rows' keys, see tree-keys.ts.
    <div
      class={classes.join(" ")}
      role="row"
      data-span={span}
      tabIndex={focusable ? 0 : -1}
      aria-rowindex={row + 1}
      aria-level={depth + 1}
      aria-expanded={below ? !shut : undefined}
      aria-selected={open}
      onClick={() => view.toggleDetails(span)}
    >
      <div class="row-name" role="gridcell">
        <span class="indent" style={{ width: `${Math.min(depth, MOST_INDENTS) * INDENT}px` }} />
        {depth > MOST_INDENTS && <span class="depth">{depth}</span>}
        {below ? (
          <button
            type="button"
            class="fold"
            tabIndex={-1}
            aria-label={shut ? t().trace.expand : t().trace.collapse}
            title={t().trace.hidden(below)}
            onClick={event => {
              event.stopPropagation();
              view.toggle(span);
            }}
          >
            <span class={shut ? "folded-mark" : "open-mark"}>
              <Icon name="right" size={12} />
            </span>
          </button>
        ) : (
          <span class="no-fold" />
        )}
        <i class="strip" aria-hidden="true" />
        <Marks view={view} span={span} shut={shut} />
        <bdi class={sameService ? "service unseen" : "service"}>{oneLine(service, 60) || t().results.noService}</bdi>
        <bdi class="operation">{oneLine(nameOf(trace, span), 200) || t().results.noName}</bdi>
        {shut && <span class="count">{below}</span>}
      </div>
      <Bar view={view} span={span} />
    </div>
  );
}

function Marks({ view: { trace }, span, shut }: { view: TraceView; span: number; shut: boolean }) {
  const own = trace.errors[span];
  const below = shut && trace.errorsBelow[span];
  return (
    <>
      {(own || below) && (
        <span class={own ? "mark bad" : "mark bad hollow"} title={own ? t().trace.hasError : t().trace.errorBelow}>
          <Icon name="error" size={13} />
          <span class="unseen">{own ? t().trace.hasError : t().trace.errorBelow}</span>
        </span>
      )}
      {trace.warnings.has(span) && (
        <span
          class="mark warn"
          title={trace.warnings
            .get(span)!
            .map(name => t().span.warnings[name])
            .join(" ")}
        >
          !
        </span>
      )}
    </>
  );
}

function Bar({ view, span }: { view: TraceView; span: number }) {
  const { trace } = view;
  const start = trace.starts[span]!;
  const duration = trace.durations[span]!;
  const place = placed(start, duration, view.range.value);
  const text = shortDuration(duration);
  if (!place) {
    const before = start < view.range.value.from;
    return (
      <div class="row-time" role="gridcell">
        <span class={before ? "away before" : "away after"} aria-hidden="true">
          {before ? "◂" : "▸"}
        </span>
      </div>
    );
  }
  const right = place.left + place.width;
  // The label goes where there is room: behind the bar, before it, or into it.
  const room = ((100 - right) / 100) * view.timeWidth.value;
  const label = room > 66 ? { left: `${right}%` } : place.left > 14 ? { right: `${100 - place.left}%` } : null;
  return (
    <div class="row-time" role="gridcell">
      <span class={label ? "bar" : "bar with-label"} style={{ left: `${place.left}%`, width: `${place.width}%` }}>
        {!label && <span>{text}</span>}
      </span>
      {label && (
        <span class="bar-label" style={label}>
          {text}
        </span>
      )}
    </div>
  );
}
