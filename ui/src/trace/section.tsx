// A part of the details that folds. Nothing is shown for what a span doesn't have.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";

interface Props {
  title: string;
  count: number;
  dropped?: number;
  startsOpen?: boolean;
  children: ComponentChildren;
}

export function Section({ title, count, dropped, startsOpen = false, children }: Props) {
  const [open, setOpen] = useState(startsOpen);
  if (!count && !dropped) return null;
  return (
    <details class="section" open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        <bdi>{title}</bdi> {count > 0 && <span class="count">{count}</span>}
        {dropped ? <span class="warn"> {t().span.dropped(dropped)}</span> : null}
      </summary>
      {open && children}
    </details>
  );
}
