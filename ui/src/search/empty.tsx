// When there is nothing to list: how to send a first span (and it waits for it), or how to search wider.
import { useEffect } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { CopyButton } from "../parts/copy.tsx";
import { Notice } from "../parts/notice.tsx";
import { DEFAULTS, type Query } from "./query.ts";
import { askServices } from "./searching.ts";

const POLL_MS = 1000;
const PROGRAM = `# pip install opentelemetry-sdk opentelemetry-exporter-otlp
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "my-python-app"}))
provider.add_span_processor(BatchSpanProcessor(
    OTLPSpanExporter(endpoint="localhost:4317", insecure=True)))
trace.set_tracer_provider(provider)

with trace.get_tracer(__name__).start_as_current_span("do_work"):
    print("Hello")
provider.shutdown()
`;
const EXEC = "otelier exec -- python app.py";

/** Nothing is stored yet. Asks every second; the page searches by itself when the first service is there. */
export function FirstSpan() {
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) askServices("again");
    }, POLL_MS);
    return () => clearInterval(timer);
  }, []);
  const words = t().empty;
  return (
    <Notice title={words.first} waits>
      <p>{words.firstHow}</p>
      <Program text={PROGRAM} />
      <p>{words.orExec}</p>
      <Program text={EXEC} />
    </Notice>
  );
}

function Program({ text }: { text: string }) {
  return (
    <div class="program">
      <pre>
        <code>{text}</code>
      </pre>
      <CopyButton text={() => text} label={t().empty.copy} />
    </div>
  );
}

export function NothingFound({ query, onSearch }: { query: Query; onSearch: (query: Query) => void }) {
  const words = t().empty;
  return (
    <Notice title={words.nothing}>
      <p>{words.hints}</p>
      <p class="buttons">
        <button type="button" class="button primary" onClick={() => onSearch({ ...query, lookback: "30d" })}>
          {words.widen}
        </button>
        <button type="button" class="button" onClick={() => onSearch(DEFAULTS)}>
          {words.clear}
        </button>
      </p>
    </Notice>
  );
}
