// A text field with a list of choices that narrows while typing. Roles and keys as ARIA's combobox pattern has them.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { harmless, oneLine } from "../text/harmless.ts";
import { Icon } from "./icon.tsx";
import { TextInput } from "./text-input.tsx";

const MOST = 200;

export interface Choice {
  value: string;
  note?: string;
}

interface Props {
  label: string;
  value: string;
  choices: readonly Choice[];
  /** What an empty value stands for. */
  empty: string;
  onChange: (value: string) => void;
}

export function Combobox({ label, value, choices, empty, onChange }: Props) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const open = typed !== null;
  const shown = open ? matching(choices, typed, empty) : [];

  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active, open]);

  const choose = (choice: string) => {
    setTyped(null);
    onChange(choice);
  };
  const start = () => {
    setTyped("");
    setActive(
      Math.max(
        0,
        matching(choices, "", empty).findIndex(choice => choice.value === value),
      ),
    );
  };
  return (
    <div class="combobox">
      <TextInput
        id={id}
        role="combobox"
        aria-label={label}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && shown.length ? `${id}-${active}` : undefined}
        placeholder={value ? harmless(value, 200) : empty}
        value={typed ?? harmless(value, 200)}
        onText={text => {
          setTyped(text);
          setActive(0);
        }}
        onClick={() => !open && start()}
        onBlur={() => setTyped(null)}
        onKey={event => {
          if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            if (!open) start();
            else setActive(Math.max(0, Math.min(shown.length - 1, active + (event.key === "ArrowDown" ? 1 : -1))));
          } else if (event.key === "Enter" && open) {
            event.preventDefault();
            // A name that is not listed yet may be searched for all the same.
            choose(shown[active]?.value ?? typed.trim());
          } else if (event.key === "Escape" && open) {
            event.preventDefault();
            event.stopPropagation();
            setTyped(null);
          }
        }}
      />
      <Icon name="down" size={12} />
      {open && (
        <div class="choices" role="listbox" id={`${id}-list`} aria-label={label} ref={list}>
          {shown.map((choice, i) => (
            <div
              key={choice.value}
              id={`${id}-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={choice.value === value}
              class={i === active ? "choice active" : "choice"}
              onPointerDown={event => {
                event.preventDefault();
                choose(choice.value);
              }}
            >
              <span class={choice.value ? "choice-name" : "choice-name muted"}>
                {choice.value ? oneLine(choice.value, 160) : empty}
              </span>
              {choice.note && <span class="choice-note">{choice.note}</span>}
            </div>
          ))}
          {!shown.length && <div class="choice muted">{t().form.noChoice}</div>}
        </div>
      )}
    </div>
  );
}

function matching(choices: readonly Choice[], typed: string, empty: string): Choice[] {
  const wanted = typed.trim().toLowerCase();
  const all = [{ value: "" }, ...choices];
  const found = wanted ? all.filter(choice => (choice.value || empty).toLowerCase().includes(wanted)) : all;
  return found.slice(0, MOST);
}
