// Log records in order of time, each with its severity and attributes, and the way to its span.
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { Value } from "../parts/value.tsx";
import { shortDuration } from "../text/duration.ts";
import { oneLine } from "../text/harmless.ts";
import { clock, day } from "../text/instant.ts";
import { attributesOfPlain } from "./attributes.ts";
import { AttributesTable } from "./attributes-table.tsx";
import type { Log } from "./logs.ts";

const SHOWN = 500;
const PAIRS = 3;

interface Props {
  logs: readonly Log[];
  /** What times are relative to, in ns after the start of the trace. */
  base: number;
  /** Given where a record can lead to its span, with the name to show. */
  spanName?: (span: number) => string;
  onSpan?: (span: number) => void;
}

export function LogList({ logs, base, spanName, onSpan }: Props) {
  const [most, setMost] = useState(SHOWN);
  return (
    <>
      <ol class="logs">
        {logs.slice(0, most).map((log, i) => (
          <Record key={i} log={log} base={base} spanName={spanName} onSpan={onSpan} />
        ))}
      </ol>
      {logs.length > most && (
        <button type="button" class="button" onClick={() => setMost(most + 4 * SHOWN)}>
          {t().logs.title(logs.length - most)} …
        </button>
      )}
    </>
  );
}

function Record({ log, base, spanName, onSpan }: { log: Log; base: number } & Pick<Props, "spanName" | "onSpan">) {
  const [open, setOpen] = useState(false);
  const count = Object.keys(log.attributes).length;
  return (
    <li class={`log is-${log.level}`}>
      <time title={`${day(log.at)} ${clock(log.at, 9)}`}>
        {log.offset < base ? "" : "+"}
        {shortDuration(log.offset - base)}
      </time>
      <span class="severity">{oneLine(log.severity, 12)}</span>
      {onSpan && <bdi class="log-service">{oneLine(log.service, 40)}</bdi>}
      <div class="log-text">
        <Value text={log.body} />
        <span class="log-more">
          {count > 0 && (
            <button
              type="button"
              class="log-pairs"
              aria-expanded={open}
              title={t().span.attributes}
              onClick={() => setOpen(!open)}
            >
              <bdi>{beginning(log.attributes)}</bdi>
            </button>
          )}
          {onSpan && spanName && log.span >= 0 && (
            <button type="button" class="text-button" title={t().logs.toSpan} onClick={() => onSpan(log.span)}>
              <Icon name="parent" size={12} /> <bdi>{oneLine(spanName(log.span), 60)}</bdi>
            </button>
          )}
        </span>
        {open && <AttributesTable attributes={attributesOfPlain(log.attributes)} label={t().span.attributes} />}
      </div>
    </li>
  );
}

/** The first attributes in a line, and how many more there are. */
function beginning(attributes: Record<string, unknown>): string {
  const all = attributesOfPlain(attributes);
  const pairs = all.slice(0, PAIRS).map(({ key, text }) => `${oneLine(key, 40)}=${oneLine(text, 40)}`);
  return pairs.join("  ") + (all.length > PAIRS ? `  +${all.length - PAIRS}` : "");
}
