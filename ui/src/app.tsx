// The frame around every page: the way home, a trace by its id, language, theme, keys; and which page the address means.
import { useEffect, useRef, useState } from "preact/hooks";
import { lastExplored } from "./explore/asking.ts";
import { language, t } from "./i18n/index.ts";
import { ExplorePage } from "./pages/explore.tsx";
import { SearchPage } from "./pages/search.tsx";
import { SqlPage } from "./pages/sql.tsx";
import { TracePage } from "./pages/trace.tsx";
import { Icon } from "./parts/icon.tsx";
import { Notice } from "./parts/notice.tsx";
import { isComposing, TextInput } from "./parts/text-input.tsx";
import { traceIdIn } from "./search/query.ts";
import { lastSearch } from "./search/searching.ts";
import { lastAsked } from "./sql/asking.ts";
import { address, navigate } from "./state/route.ts";
import { nextTheme, theme } from "./state/theme.ts";

export function App() {
  const { path } = address.value;
  return (
    <>
      <a class="skip" href="#content">
        {t().shell.skip}
      </a>
      <TopBar />
      <main id="content" tabIndex={-1}>
        <Page path={path} />
      </main>
      <Keys />
    </>
  );
}

function Page({ path }: { path: string }) {
  if (path === "/" || /^\/search\/?$/.test(path)) return <SearchPage />;
  if (/^\/explore\/?$/.test(path)) return <ExplorePage />;
  if (/^\/sql\/?$/.test(path)) return <SqlPage />;
  if (path.startsWith("/trace/")) return <TracePage />;
  return (
    <Notice title={t().shell.notFound}>
      <p>
        <a href="/search">{t().shell.toSearch}</a>
      </p>
    </Notice>
  );
}

function TopBar() {
  const words = t().shell;
  return (
    <header class="top">
      <a class="brand" href="/search">
        <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d="M7 10h15M11 16h14M15 22h6" />
        </svg>
        Otelier
      </a>
      <nav>
        <a href={lastSearch.value} aria-current={isAt("/search") || address.value.path === "/" ? "page" : undefined}>
          {words.search}
        </a>
        <a href={lastExplored.value} aria-current={isAt("/explore") ? "page" : undefined}>
          {words.explore}
        </a>
        <a href={lastAsked.value} aria-current={isAt("/sql") ? "page" : undefined}>
          SQL
        </a>
        <a href="/graph">{words.metrics}</a>
      </nav>
      <span class="spread" />
      <TraceIdBox />
      <button
        type="button"
        class="icon-button worded"
        lang={language.value === "ko" ? "en" : "ko"}
        onClick={() => {
          language.value = language.value === "ko" ? "en" : "ko";
        }}
      >
        <Icon name="globe" /> <span>{words.switchLanguage}</span>
      </button>
      <button
        type="button"
        class="icon-button"
        title={words.theme[theme.value]}
        aria-label={words.theme[theme.value]}
        onClick={nextTheme}
      >
        <Icon name={({ system: "system", light: "sun", dark: "moon" } as const)[theme.value]} />
      </button>
      <button
        type="button"
        class="icon-button keys-button"
        title={words.help}
        aria-label={words.help}
        onClick={openKeys}
      >
        <Icon name="keys" />
      </button>
    </header>
  );
}

function isAt(path: string): boolean {
  return address.value.path.startsWith(path);
}

function TraceIdBox() {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const words = t().shell;
  return (
    <form
      class="trace-id-box"
      role="search"
      aria-label={words.traceIdPlaceholder}
      onSubmit={event => {
        event.preventDefault();
        const found = traceIdIn(text);
        setWrong(!found);
        if (!found) return;
        setText("");
        navigate(`/trace/${found.traceId}${found.spanId ? `?span=${found.spanId}` : ""}`);
      }}
    >
      <Icon name="search" size={14} />
      <TextInput
        class="mono"
        value={text}
        placeholder={words.traceIdPlaceholder}
        aria-label={words.openTrace}
        aria-invalid={wrong}
        onText={typed => {
          setText(typed);
          setWrong(false);
        }}
      />
      {wrong && (
        <p class="problem floating" role="alert">
          {words.notATraceId}
        </p>
      )}
    </form>
  );
}

function openKeys(): void {
  document.querySelector<HTMLDialogElement>("dialog.keys")?.showModal();
}

function Keys() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (isComposing(event) || event.ctrlKey || event.metaKey || target.closest("input, textarea, select")) return;
      if (event.key === "?") openKeys();
      if (event.key === "/" && !address.value.path.startsWith("/trace/")) {
        event.preventDefault();
        document.querySelector<HTMLElement>("#search-tags, #explore-query, #sql-query")?.focus();
      }
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  const words = t().keys;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes a dialog by itself.
    <dialog
      class="keys"
      ref={dialog}
      aria-label={words.title}
      onClick={event => event.target === dialog.current && dialog.current?.close()}
    >
      <form method="dialog">
        <h2>{words.title}</h2>
        <table>
          <tbody>
            {words.rows.map(([keys, what]) => (
              <tr key={keys}>
                <th scope="row">
                  {keys.split(/\s+/).map(key => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </th>
                <td>{what}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <button type="submit" class="button">
          {t().shell.close}
        </button>
      </form>
    </dialog>
  );
}
