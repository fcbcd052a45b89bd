// `/explore`: TraceQL typed by hand, its answer as traces or as lines over time. The address alone decides what is asked.
import { useEffect, useMemo, useState } from "preact/hooks";
import { suggest } from "../api/traceql.ts";
import { answer, ask, LIMIT } from "../explore/asking.ts";
import { Chart } from "../explore/chart.tsx";
import { FoundTraces } from "../explore/found-traces.tsx";
import { QueryBox } from "../explore/query-box.tsx";
import { type Question, questionFromUrl, questionToUrl, rangeOf } from "../explore/question.ts";
import { t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { LOOKBACKS } from "../search/query.ts";
import { address, navigate } from "../state/route.ts";

const EXAMPLES = [
  "{ status = error }",
  "{ duration > 500ms && kind = server }",
  "{ span.http.response.status_code >= 500 } | select(span.http.route)",
  "{ status = error } >> { span.db.system != nil }",
  "{ } | rate() by (resource.service.name)",
  "{ kind = server } | quantile_over_time(duration, .5, .95) by (resource.service.name)",
];

export function ExplorePage() {
  const { search } = address.value;
  const question = useMemo(() => questionFromUrl(search), [search]);
  const [draft, setDraft] = useState(question);
  const { value, error, busy } = answer.state.value;
  const words = t().explore;
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
          id="explore-query"
          label={words.query}
          placeholder={words.placeholder}
          text={draft.text}
          suggest={(text, cursor, signal) => suggest(text, cursor, rangeOf(draft.lookback, Date.now()), signal)}
          invalid={error?.status === 400 && draft.text === question.text}
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
          <ErrorNotice title={words.failed} error={error} onAgain={() => ask(question, "again")} />
        ) : (
          value && <Answered />
        )}
        {question.text && !value && busy && (
          <p class="waiting" role="status">
            {t().results.searching}
          </p>
        )}
      </div>
    </div>
  );
}

function Answered() {
  const { value } = answer.state.value;
  if (!value) return null;
  const nothing = value.kind === "traces" ? !value.traces.length : !value.lines.length;
  if (nothing) {
    return (
      <Notice title={t().empty.nothing}>
        <p>{t().explore.nothingHint}</p>
      </Notice>
    );
  }
  if (value.kind === "traces") return <FoundTraces traces={value.traces} limit={LIMIT} />;
  return <Chart {...value} />;
}

function Examples({ onChoose }: { onChoose: (text: string) => void }) {
  const words = t().explore;
  return (
    <Notice title={words.title}>
      <p>{words.intro}</p>
      <ul class="examples">
        {EXAMPLES.map((text, i) => (
          <li key={text}>
            <button type="button" class="mono" onClick={() => onChoose(text)}>
              {text}
            </button>
            <span class="muted">{words.examples[i]}</span>
          </li>
        ))}
      </ul>
    </Notice>
  );
}
