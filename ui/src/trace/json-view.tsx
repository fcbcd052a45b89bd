// The trace as the API answers it: to read (cut when it is long), to copy, to keep.
import { useMemo } from "preact/hooks";
import type { ResourceSpans } from "../api/otlp.ts";
import { traceAddress } from "../api/routes.ts";
import { t } from "../i18n/index.ts";
import { CopyButton } from "../parts/copy.tsx";
import { Icon } from "../parts/icon.tsx";
import { harmless } from "../text/harmless.ts";
import type { TraceView } from "./view.ts";

const MOST_SPANS = 200;
const MOST_CHARACTERS = 1_000_000;

export function JsonView({ view, source }: { view: TraceView; source: readonly ResourceSpans[] }) {
  const words = t().json;
  const { trace } = view;
  const text = useMemo(() => JSON.stringify({ resourceSpans: beginning(source, MOST_SPANS) }, null, 2), [source]);
  return (
    <section class="json-view">
      <div class="tree-tools">
        <a
          class="button small"
          href={traceAddress(trace.id)}
          download={`trace-${trace.id.replace(/[^0-9a-f]/gi, "")}.json`}
        >
          <Icon name="download" size={14} /> {words.download}
        </a>
        <a class="button small" href={traceAddress(trace.id)} target="_blank" rel="noopener">
          <Icon name="link" size={14} /> {words.open}
        </a>
        <CopyButton worded label={words.copy} text={() => JSON.stringify({ resourceSpans: source }, null, 2)} />
        {trace.count > MOST_SPANS && <span class="muted">{words.partly(MOST_SPANS, trace.count)}</span>}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: so that it can be scrolled by keys. */}
      <pre class="json" tabIndex={0}>
        {harmless(text, MOST_CHARACTERS)}
      </pre>
    </section>
  );
}

/** The same shape with at most `most` spans. */
function beginning(source: readonly ResourceSpans[], most: number): ResourceSpans[] {
  let left = most;
  const kept: ResourceSpans[] = [];
  for (const group of source) {
    if (left <= 0) break;
    const scopeSpans = (group.scopeSpans ?? []).map(scope => {
      const spans = (scope.spans ?? []).slice(0, Math.max(0, left));
      left -= spans.length;
      return { ...scope, spans };
    });
    kept.push({ ...group, scopeSpans: scopeSpans.filter(scope => scope.spans.length) });
  }
  return kept;
}
