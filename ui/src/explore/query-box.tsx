// Where a query is typed: several lines, with what may come next in a list.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Suggestions } from "../api/traceql.ts";
import { t } from "../i18n/index.ts";
import { isComposing } from "../parts/text-input.tsx";
import { oneLine } from "../text/harmless.ts";

const PAUSE_MS = 120;
const MOST = 50;

interface Props {
  id: string;
  label: string;
  placeholder: string;
  text: string;
  invalid: boolean;
  /** What may come next at a place, in 16-bit units. */
  suggest: (text: string, cursor: number, signal: AbortSignal) => Promise<Suggestions>;
  onText: (text: string) => void;
  onSend: () => void;
}

export function QueryBox({ id: name, label, placeholder, text, invalid, suggest, onText, onSend }: Props) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const caret = useRef<number | null>(null);
  const asked = useRef(false);
  const [found, setFound] = useState<Suggestions | null>(null);
  const [active, setActive] = useState(0);
  const [typedAt, setTypedAt] = useState<number | null>(null);
  const close = () => {
    setFound(null);
    setTypedAt(null);
  };

  // Asked after a short pause; what a newer letter has overtaken is given up.
  useEffect(() => {
    if (typedAt === null) return;
    const running = new AbortController();
    const timer = setTimeout(() => {
      suggest(text, typedAt, running.signal).then(
        answer => {
          if (running.signal.aborted) return;
          setFound(answer.suggestions.length ? answer : null);
          // Between words nothing is chosen unasked: there Enter runs what is typed.
          setActive(asked.current || wordFrom(text, answer.start, typedAt) ? 0 : -1);
        },
        () => !running.signal.aborted && setFound(null),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      running.abort();
    };
  }, [text, typedAt]);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active, found]);

  const choose = (chosen: string) => {
    const box = area.current;
    if (!found || !box || typedAt === null) return;
    const before = [...text].slice(0, found.start).join("") + chosen;
    caret.current = before.length;
    onText(before + text.slice(typedAt));
    close();
  };
  // With the text, not a frame later: a letter that is typed in between would land elsewhere.
  useLayoutEffect(() => {
    const [box, at] = [area.current, caret.current];
    if (!box || at === null) return;
    box.focus();
    box.setSelectionRange(at, at);
    caret.current = null;
  });
  const shown = found?.suggestions.slice(0, MOST) ?? [];
  const onKey = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    const chosen = shown[active]?.text;
    const isTyped = !chosen || (found && typedAt !== null && wordFrom(text, found.start, typedAt) === chosen);
    if (event.key === "Enter" && !event.shiftKey && (event.ctrlKey || event.metaKey || isTyped)) {
      event.preventDefault();
      close();
      onSend();
    } else if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      asked.current = true;
      setActive(0);
      setTypedAt(area.current?.selectionStart ?? text.length);
    } else if (!shown.length) {
      return;
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setActive(event.key === "ArrowDown" ? (active + 1) % shown.length : (active > 0 ? active : shown.length) - 1);
    } else if (chosen && (event.key === "Enter" || event.key === "Tab")) {
      event.preventDefault();
      choose(chosen);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  };
  const words = t().explore;
  return (
    <div class="combobox query-box">
      <textarea
        ref={area}
        id={name}
        class="mono"
        rows={Math.min(12, text.split("\n").length)}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-label={label}
        aria-invalid={invalid}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown[active] ? `${id}-${active}` : undefined}
        placeholder={placeholder}
        value={text}
        onInput={event => {
          const { value, selectionStart } = event.currentTarget;
          onText(value);
          if (found && !isOfThem(value.slice(0, selectionStart), found.start)) setFound(null);
          asked.current = false;
          if (!event.isComposing) setTypedAt(selectionStart);
        }}
        onKeyDown={onKey}
        onBlur={close}
      />
      {shown.length > 0 && (
        <div class="choices" role="listbox" id={`${id}-list`} aria-label={words.suggestions} ref={list}>
          {shown.map((each, i) => (
            <div
              key={`${each.kind} ${each.text}`}
              id={`${id}-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={i === active}
              class={i === active ? "choice active" : "choice"}
              onPointerDown={event => {
                event.preventDefault();
                choose(each.text);
              }}
            >
              <span class="choice-name mono">{oneLine(each.text, 160)}</span>
              <span class="choice-note">{words.kinds[each.kind] ?? each.kind}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** What is typed of the word from `start` (in letters) up to the cursor (in 16-bit units). */
function wordFrom(text: string, start: number, cursor: number): string {
  return [...text.slice(0, cursor)].slice(start).join("");
}

/** Whether what is before the cursor still ends in the one word that suggestions from `start` on are for. */
function isOfThem(before: string, start: number): boolean {
  const letters = [...before];
  return letters.length >= start && /^[\p{L}\p{N}_.:"]*$/u.test(letters.slice(start).join(""));
}
