// The trace's second view: its log records.
import { useState } from "preact/hooks";
import type { LogRecord } from "../api/routes.ts";
import { t } from "../i18n/index.ts";
import { Icon } from "../parts/icon.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { TextInput } from "../parts/text-input.tsx";
import type { Loaded } from "../state/loading.ts";
import { setParameter } from "../state/route.ts";
import { LogList } from "./log-list.tsx";
import type { Log } from "./logs.ts";
import { nameOf } from "./model.ts";
import type { TraceView } from "./view.ts";

interface Props {
  view: TraceView;
  loaded: Loaded<LogRecord[]>;
  logs: readonly Log[];
  onAgain: () => void;
}

export function LogsView({ view, loaded, logs, onAgain }: Props) {
  const [text, setText] = useState("");
  const words = t().logs;
  if (loaded.error) return <ErrorNotice title={words.failed} error={loaded.error} onAgain={onAgain} />;
  if (!loaded.value) {
    return (
      <p class="waiting" role="status">
        {words.loading}
      </p>
    );
  }
  if (!logs.length) {
    return (
      <Notice title={words.none}>
        <p>{words.noneHow}</p>
      </Notice>
    );
  }
  const wanted = text.trim().toLowerCase();
  const shown = wanted ? logs.filter(log => textOf(log).includes(wanted)) : logs;
  return (
    <section class="logs-view">
      <div class="tree-tools">
        <div class="find" role="search" aria-label={words.filter}>
          <Icon name="search" size={14} />
          <TextInput
            role="searchbox"
            aria-label={words.filter}
            placeholder={words.filter}
            value={text}
            onText={setText}
          />
          <span class="find-count" role="status">
            {words.title(shown.length)}
          </span>
        </div>
      </div>
      <LogList
        logs={shown}
        base={0}
        spanName={span => nameOf(view.trace, span)}
        onSpan={span => {
          setParameter("view", null, "push");
          view.show(span, "details");
        }}
      />
    </section>
  );
}

function textOf(log: Log): string {
  return `${log.severity} ${log.service} ${log.body} ${JSON.stringify(log.attributes)}`.toLowerCase();
}
