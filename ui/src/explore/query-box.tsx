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
          setActive(0);
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
    if (event.key === "Enter" && !event.shiftKey && (event.ctrlKey || event.metaKey || !shown.length)) {
      event.preventDefault();
      close();
      onSend();
    } else if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      setTypedAt(area.current?.selectionStart ?? text.length);
    } else if (!shown.length) {
      return;
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setActive((active + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length);
    } else if (event.key === "Enter" || event.key === "Tab") {
      event.preventDefault();
      choose(shown[active]!.text);
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
        aria-activedescendant={shown.length ? `${id}-${active}` : undefined}
        placeholder={placeholder}
        value={text}
        onInput={event => {
          const { value, selectionStart } = event.currentTarget;
          onText(value);
          if (found && !isOfThem(value.slice(0, selectionStart), found.start)) setFound(null);
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

/** Whether what is before the cursor still ends in the one word that suggestions from `start` on are for. */
function isOfThem(before: string, start: number): boolean {
  const letters = [...before];
  return letters.length >= start && /^[\p{L}\p{N}_.:"]*$/u.test(letters.slice(start).join(""));
}
