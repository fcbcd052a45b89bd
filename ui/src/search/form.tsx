// The search form: a draft of the query, which becomes the page's address when it is sent.
import { useEffect, useId, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { Combobox } from "../parts/combobox.tsx";
import { Icon } from "../parts/icon.tsx";
import { TextInput } from "../parts/text-input.tsx";
import { DEFAULTS, LOOKBACKS, type Problem, problemsOf, type Query, queryToUrl } from "./query.ts";
import { askOperations, operations, services } from "./searching.ts";

interface Props {
  query: Query;
  onSend: (query: Query) => void;
}

export function SearchForm({ query, onSend }: Props) {
  const [draft, setDraft] = useState(query);
  const [told, setTold] = useState<readonly Problem[]>([]);
  const id = useId();
  useEffect(() => setDraft(query), [queryToUrl(query)]);
  useEffect(() => askOperations(draft.service), [draft.service]);

  const words = t().form;
  const put = (change: Partial<Query>) => {
    setDraft({ ...draft, ...change });
    setTold([]);
  };
  const problem = (...names: Problem[]) => {
    const name = names.find(name => told.includes(name));
    return name ? (
      <p class="problem" id={`${id}-${name}`} role="alert">
        {words.problems[name]}
      </p>
    ) : null;
  };
  const bad = (...names: Problem[]) => names.some(name => told.includes(name));
  const send = (event: Event) => {
    event.preventDefault();
    const problems = problemsOf(draft);
    setTold(problems);
    if (!problems.length) onSend(draft);
  };

  return (
    <form class="search-form" onSubmit={send} aria-label={words.title} noValidate>
      <div class="field">
        <span class="field-name">{words.service}</span>
        <Combobox
          label={words.service}
          value={draft.service}
          empty={words.all}
          choices={(services.state.value.value ?? []).map(value => ({ value }))}
          onChange={service => put({ service, operation: service === draft.service ? draft.operation : "" })}
        />
      </div>
      <div class="field">
        <span class="field-name">{words.operation}</span>
        <Combobox
          label={words.operation}
          value={draft.operation}
          empty={words.all}
          choices={operationChoices()}
          onChange={operation => put({ operation })}
        />
      </div>
      <div class="field">
        <label class="field-name" for="search-tags">
          {words.tags}
        </label>
        <TextInput
          id="search-tags"
          class="mono"
          value={draft.tags}
          placeholder={words.tagsPlaceholder}
          aria-invalid={bad("tagKey", "tagQuote", "tagBlank")}
          aria-describedby={`${id}-tags-hint`}
          onText={tags => put({ tags })}
        />
        {problem("tagKey", "tagQuote", "tagBlank") ?? (
          <p class="hint" id={`${id}-tags-hint`}>
            {words.tagsHint}
          </p>
        )}
      </div>
      <div class="field">
        <span class="field-name">{words.duration}</span>
        <div class="pair">
          <TextInput
            aria-label={words.minLabel}
            placeholder={`${words.min} 1.5ms`}
            value={draft.min}
            aria-invalid={bad("min", "minAboveMax")}
            onText={min => put({ min })}
          />
          <span aria-hidden="true">–</span>
          <TextInput
            aria-label={words.maxLabel}
            placeholder={`${words.max} 2s`}
            value={draft.max}
            aria-invalid={bad("max", "minAboveMax")}
            onText={max => put({ max })}
          />
        </div>
        {problem("min", "max", "minAboveMax")}
      </div>
      <div class="pair">
        <label class="field grow">
          <span class="field-name">{words.lookback}</span>
          <select
            value={draft.lookback}
            onChange={event => {
              const lookback = event.currentTarget.value;
              const start = draft.start || Date.now() - 3_600_000;
              put(lookback === "custom" ? { lookback, start } : { lookback });
            }}
          >
            {lookbacks(draft.lookback).map(value => (
              <option key={value} value={value}>
                {words.last[value] ?? value}
              </option>
            ))}
          </select>
        </label>
        <label class="field limit">
          <span class="field-name">{words.limit}</span>
          <input
            type="number"
            min={1}
            max={1500}
            aria-invalid={bad("limit")}
            value={draft.limit || ""}
            onInput={event => put({ limit: Number(event.currentTarget.value) })}
          />
        </label>
      </div>
      {problem("limit")}
      {draft.lookback === "custom" && (
        <div class="range">
          <Moment label={words.from} value={draft.start} onChange={start => put({ start })} />
          <Moment label={words.to} value={draft.end} onChange={end => put({ end })} />
          {problem("start", "startAfterEnd")}
        </div>
      )}
      <div class="form-buttons">
        <button type="submit" class="button primary">
          <Icon name="search" size={14} /> {words.submit}
        </button>
        <button type="button" class="button" onClick={() => onSend(DEFAULTS)}>
          {words.reset}
        </button>
      </div>
    </form>
  );
}

/** A date and time of this browser's zone, in ms since 1970; 0 for none. */
function Moment({ label, value, onChange }: { label: string; value: number; onChange: (ms: number) => void }) {
  const local = value ? new Date(value - new Date(value).getTimezoneOffset() * 60_000).toISOString().slice(0, 19) : "";
  return (
    <label class="field">
      <span class="field-name">{label}</span>
      <input
        type="datetime-local"
        step={1}
        value={local}
        onChange={event => onChange(new Date(event.currentTarget.value).getTime() || 0)}
      />
    </label>
  );
}

function operationChoices() {
  const kinds = new Map<string, string[]>();
  for (const { name, spanKind } of operations.state.value.value ?? []) {
    kinds.set(name, [...(kinds.get(name) ?? []), ...(spanKind ? [spanKind] : [])]);
  }
  return [...kinds].sort(([a], [b]) => a.localeCompare(b)).map(([value, notes]) => ({ value, note: notes.join(", ") }));
}

function lookbacks(chosen: string): string[] {
  const known: string[] = [...LOOKBACKS, "custom"];
  return known.includes(chosen) ? known : [chosen, ...known];
}
