// A button that copies and says so.
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { Icon } from "./icon.tsx";

interface Props {
  text: () => string;
  label: string;
  /** Show the label beside the icon. */
  worded?: boolean;
}

export function CopyButton({ text, label, worded }: Props) {
  const [done, setDone] = useState(false);
  return (
    <button
      type="button"
      class={worded ? "button small" : "icon-button small"}
      title={worded ? undefined : label}
      aria-label={worded ? undefined : label}
      onClick={event => {
        event.stopPropagation();
        copy(text()).then(() => {
          setDone(true);
          setTimeout(() => setDone(false), 1500);
        });
      }}
    >
      <Icon name={done ? "done" : "copy"} size={14} />
      {worded && <span>{done ? t().span.copied : label}</span>}
      <span class="unseen" role="status">
        {done ? t().span.copied : ""}
      </span>
    </button>
  );
}

/** The clipboard's API exists only on localhost and over TLS; elsewhere a selected text field must do. */
async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}
