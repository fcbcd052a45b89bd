// What a search found: plot, order, list.
import { useMemo, useState } from "preact/hooks";
import { language, t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { parameter, setParameter } from "../state/route.ts";
import { shortDuration } from "../text/duration.ts";
import { oneLine } from "../text/harmless.ts";
import { ago, clock, day } from "../text/instant.ts";
import { colourOf } from "../trace/colours.ts";
import { ORDERS, ordered, orderFrom, type Result } from "./result.ts";
import { Scatter } from "./scatter.tsx";

const MOST_PILLS = 6;

interface Props {
  results: readonly Result[];
  limit: number;
  busy: boolean;
  onAgain: () => void;
}

export function Results({ results, limit, busy, onAgain }: Props) {
  const [lit, setLit] = useState<string | null>(null);
  const order = orderFrom(parameter("sort"));
  const list = useMemo(() => ordered(results, order), [results, order]);
  const longest = list.reduce((max, result) => Math.max(max, result.duration), 1);
  const words = t().results;
  return (
    <div class={busy ? "results busy" : "results"} aria-busy={busy}>
      <Scatter results={results} lit={lit} onLit={setLit} />
      <div class="results-bar">
        <h1>{words.title(results.length)}</h1>
        {results.length >= limit && <span class="muted">{words.limited(limit)}</span>}
        <span class="spread" />
        <button type="button" class="icon-button" title={words.again} aria-label={words.again} onClick={onAgain}>
          <Icon name="again" />
        </button>
        <label class="sort">
          <span class="muted">{words.sort}</span>
          <select
            value={order}
            onChange={event =>
              setParameter("sort", event.currentTarget.value === "recent" ? null : event.currentTarget.value)
            }
          >
            {ORDERS.map(name => (
              <option key={name} value={name}>
                {words.orders[name]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <ol class="result-list">
        {list.map(result => (
          <Row key={result.traceId} result={result} longest={longest} lit={lit === result.traceId} onLit={setLit} />
        ))}
      </ol>
    </div>
  );
}

interface RowProps {
  result: Result;
  longest: number;
  lit: boolean;
  onLit: (traceId: string | null) => void;
}

function Row({ result, longest, lit, onLit }: RowProps) {
  const words = t().results;
  const pills = result.services.slice(0, MOST_PILLS);
  return (
    <li
      class={`result c${colourOf(result.service)}${lit ? " lit" : ""}${result.errors ? " has-error" : ""}`}
      onPointerEnter={() => onLit(result.traceId)}
      onPointerLeave={() => onLit(null)}
    >
      <a class="result-link" href={`/trace/${encodeURIComponent(result.traceId)}`}>
        <span class="result-name">
          <bdi class="service">{result.service ? oneLine(result.service, 80) : words.noService}</bdi>
          <bdi class="operation">
            {result.service || result.operation ? oneLine(result.operation, 200) || words.noName : words.rootless}
          </bdi>
        </span>
        <span class="result-duration">{shortDuration(result.duration)}</span>
        <span class="result-track" aria-hidden="true">
          <span class="result-bar" style={{ width: `${Math.max(0.3, (result.duration / longest) * 100)}%` }} />
        </span>
        <span class="pills">
          {pills.map(service => (
            <span key={service.name} class={`pill c${colourOf(service.name)}`}>
              <i class="dot" aria-hidden="true" />
              <bdi>{oneLine(service.name, 40) || words.noService}</bdi>
              <b>{service.spans}</b>
              {service.errors > 0 && (
                <b class="bad" title={words.errors(service.errors)}>
                  {service.errors}
                  <span class="unseen">{words.errors(service.errors)}</span>
                </b>
              )}
            </span>
          ))}
          {result.services.length > MOST_PILLS && (
            <span class="pill plain">+{result.services.length - MOST_PILLS}</span>
          )}
        </span>
        <span class="result-facts">
          <span>{words.spans(result.spans)}</span>
          {result.errors > 0 && (
            <span class="bad">
              <Icon name="error" size={12} /> {words.errors(result.errors)}
            </span>
          )}
          {result.orphans > 0 && <span class="warn">{words.orphans(result.orphans)}</span>}
          <time title={`${day(result.start)} ${clock(result.start, 6)}`}>
            {clock(result.start, 0)} <span class="muted">{ago(result.start, Date.now(), language.value)}</span>
          </time>
        </span>
      </a>
    </li>
  );
}
