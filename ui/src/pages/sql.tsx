// `/sql`: a statement typed by hand, its answer as a table. The address alone decides what is asked.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ApiError } from "../api/client.ts";
import { QueryBox } from "../explore/query-box.tsx";
import { t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { Notice } from "../parts/notice.tsx";
import { LOOKBACKS } from "../search/query.ts";
import { AnswerTable } from "../sql/answer-table.tsx";
import { answer, ask } from "../sql/asking.ts";
import { placeOf, type Question, questionFromUrl, questionToUrl, startMs } from "../sql/question.ts";
import { suggestions } from "../sql/suggesting.ts";
import { address, navigate } from "../state/route.ts";
import { harmless } from "../text/harmless.ts";

const EXAMPLES = [
  "SELECT service, count(*) AS calls, quantile_cont(duration_ns, 0.95) / 1e6 AS p95_ms\nFROM spans WHERE kind = 'server' GROUP BY ALL ORDER BY calls DESC",
  'SELECT "span.http.route" AS route, max(duration_ns) / 1e6 AS ms, arg_max(trace_id, duration_ns) AS trace_id\nFROM spans GROUP BY 1 ORDER BY 2 DESC LIMIT 20',
  'SELECT time, service, "event.exception.type", "event.exception.message", trace_id\nFROM events WHERE name = \'exception\' ORDER BY time DESC LIMIT 100',
  "SELECT l.time, l.body, s.name, s.duration_ns, trace_id\nFROM logs l JOIN spans s USING (trace_id, span_id) ORDER BY l.time DESC LIMIT 100",
  "SELECT name, labels, max(time) AS time, arg_max(value, time) AS value\nFROM metrics GROUP BY ALL ORDER BY ALL LIMIT 100",
];

export function SqlPage() {
  const { search } = address.value;
  const question = useMemo(() => questionFromUrl(search), [search]);
  const [draft, setDraft] = useState(question);
  const { value, error, busy } = answer.state.value;
  const words = t().sql;
  useEffect(() => setDraft(question), [question]);
  useEffect(() => {
    if (question.text) ask(question, "once");
  }, [question]);
  useEffect(() => {
    document.title = `${words.title} · Otelier`;
  });
  const send = (next: Question) => {
    if (!next.text.trim()) return setDraft(next);
    const target = questionToUrl(next);
    if (target === questionToUrl(question)) ask(next, "again");
    else navigate(target);
  };
  return (
    <div class="explore-page">
      <form
        class="explore-form"
        aria-label={words.title}
        onSubmit={event => {
          event.preventDefault();
          send(draft);
        }}
      >
        <QueryBox
          id="sql-query"
          label={words.query}
          placeholder="SELECT service, count(*) FROM spans GROUP BY ALL"
          text={draft.text}
          invalid={error?.status === 400 && draft.text === question.text}
          suggest={(text, cursor, signal) => suggestions(text, cursor, startMs(draft.lookback, Date.now()), signal)}
          onText={text => setDraft({ ...draft, text })}
          onSend={() => send(draft)}
        />
        <select
          aria-label={t().form.lookback}
          value={draft.lookback}
          onChange={event => send({ ...draft, lookback: event.currentTarget.value })}
        >
          {[...new Set([...LOOKBACKS, draft.lookback])].map(lookback => (
            <option key={lookback} value={lookback}>
              {t().form.last[lookback] ?? lookback}
            </option>
          ))}
        </select>
        <button type="submit" class="button primary">
          <Icon name="search" size={14} /> {words.run}
        </button>
      </form>
      <div class={busy ? "results busy" : "results"} aria-busy={busy}>
        {!question.text ? (
          <Examples onChoose={text => send({ ...draft, text })} />
        ) : error ? (
          <Wrong error={error} text={question.text} />
        ) : (
          value && <AnswerTable table={value} question={question} />
        )}
        {question.text && !value && busy && (
          <p class="waiting" role="status">
            {words.running}
          </p>
        )}
      </div>
    </div>
  );
}

function Wrong({ error, text }: { error: ApiError; text: string }) {
  const words = t().sql;
  const place = placeOf(error.message, text);
  return (
    <section class="notice failed" role="alert">
      <h2>
        <Icon name="error" /> {words.failed}
      </h2>
      <pre class="mono sql-error">{harmless(error.message || t().results.unreachable, 3000)}</pre>
      {place && (
        <p>
          <button type="button" class="button" onClick={() => select(place.offset)}>
            {words.toPlace(place.line, place.column)}
          </button>
        </p>
      )}
    </section>
  );
}

function select(offset: number): void {
  const box = document.querySelector<HTMLTextAreaElement>("#sql-query");
  if (!box) return;
  const word = /^[\w.]+/.exec(box.value.slice(offset))?.[0].length ?? 1;
  box.focus();
  box.setSelectionRange(offset, offset + word);
}

function Examples({ onChoose }: { onChoose: (text: string) => void }) {
  const words = t().sql;
  return (
    <Notice title={words.title}>
      <p>{words.intro}</p>
      <ul class="examples">
        {EXAMPLES.map((text, i) => (
          <li key={text}>
            <button type="button" class="mono sql-example" onClick={() => onChoose(text)}>
              {text}
            </button>
            <span class="muted">{words.examples[i]}</span>
          </li>
        ))}
      </ul>
    </Notice>
  );
}
