// `/search`: the form beside what it found. The address alone decides what is asked; the default is the newest traces.
import { useEffect, useMemo } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { ErrorNotice } from "../parts/notice.tsx";
import { useWidth } from "../parts/use-width.ts";
import { FirstSpan, NothingFound } from "../search/empty.tsx";
import { SearchForm } from "../search/form.tsx";
import { type Query, queryFromUrl, queryToUrl } from "../search/query.ts";
import { Results } from "../search/results.tsx";
import { askServices, found, lastSearch, search, services } from "../search/searching.ts";
import { address, navigate, parameter } from "../state/route.ts";

const NARROW = 800;

export function SearchPage() {
  const { search: text } = address.value;
  const query = useMemo(() => queryFromUrl(text), [text]);
  const url = queryToUrl(query);
  const [ref, width] = useWidth<HTMLDivElement>();
  useEffect(() => search(query, "once"), [url]);
  useEffect(() => askServices("again"), []);
  useEffect(() => {
    lastSearch.value = address.value.path + text;
  }, [text]);
  useEffect(() => {
    document.title = `${t().shell.search} · Otelier`;
  });
  const again = () => search(query, "again");
  const send = (next: Query) => {
    const target = queryToUrl(next);
    if (target === url) again();
    else navigate(withOrder(target));
  };
  const form = <SearchForm query={query} onSend={send} />;
  return (
    <div class="search-page" ref={ref}>
      <aside class="search-side">
        {width > 0 && width <= NARROW ? (
          <details class="folded">
            <summary>{t().form.title}</summary>
            {form}
          </details>
        ) : (
          form
        )}
      </aside>
      <div class="search-main">
        <Found query={query} onSearch={send} onAgain={again} />
      </div>
    </div>
  );
}

/** The order of the list outlives a new search. */
function withOrder(url: string): string {
  const order = parameter("sort");
  return order ? `${url}${url.includes("?") ? "&" : "?"}sort=${encodeURIComponent(order)}` : url;
}

function Found({ query, onSearch, onAgain }: { query: Query; onSearch: (query: Query) => void; onAgain: () => void }) {
  const { value, error, busy } = found.state.value;
  const known = services.state.value;
  const any = (known.value?.length ?? 0) > 0;
  // The first span has arrived while this page was waiting for it.
  useEffect(() => {
    if (any && value && !value.length) onAgain();
  }, [any]);
  if (error) return <ErrorNotice title={t().results.failed} error={error} onAgain={onAgain} />;
  if (value?.length) return <Results results={value} limit={query.limit} busy={busy} onAgain={onAgain} />;
  if (value && known.value && !any) return <FirstSpan />;
  if (value && !busy && known.value) return <NothingFound query={query} onSearch={onSearch} />;
  return (
    <p class="waiting" role="status">
      {t().results.searching}
    </p>
  );
}
