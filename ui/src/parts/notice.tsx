// Something to read instead of what was asked for: an error with its text, or that there is nothing.
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/client.ts";
import { t } from "../i18n/index.ts";
import { harmless } from "../text/harmless.ts";
import { Icon } from "./icon.tsx";

interface NoticeProps {
  title: string;
  /** Something is awaited, and the page goes on by itself. */
  waits?: boolean;
  children?: ComponentChildren;
}

export function Notice({ title, waits, children }: NoticeProps) {
  return (
    <section class="notice">
      <h2>
        {waits && <i class="pulse" aria-hidden="true" />} {title}
      </h2>
      {children}
    </section>
  );
}

export function ErrorNotice({ title, error, onAgain }: { title: string; error: ApiError; onAgain: () => void }) {
  const text = error.status === 0 ? error.message || t().results.unreachable : error.message;
  return (
    <section class="notice failed" role="alert">
      <h2>
        <Icon name="error" /> {title}
      </h2>
      <p class="mono">{harmless(text, 2000)}</p>
      <p>
        <button type="button" class="button" onClick={onAgain}>
          {t().trace.again}
        </button>
      </p>
    </section>
  );
}
