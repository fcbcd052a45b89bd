// Something that comes from the server: what is there, whether more is on its way, and what went wrong last.
import { type ReadonlySignal, signal } from "@preact/signals";
import { ApiError } from "../api/client.ts";

export interface Loaded<T> {
  readonly key: string;
  readonly value: T | null;
  readonly error: ApiError | null;
  readonly busy: boolean;
}

export class Loading<T> {
  private readonly held = signal<Loaded<T>>({ key: "", value: null, error: null, busy: false });
  private running: AbortController | null = null;

  /** `keep`: what an older key brought is shown (as busy) until the new answer is here. */
  constructor(private readonly keep: boolean = false) {}

  get state(): ReadonlySignal<Loaded<T>> {
    return this.held;
  }

  /** Asks unless this key's answer is here or on its way; an older question is given up. */
  ask(key: string, load: (signal: AbortSignal) => Promise<T>, how: "once" | "again" = "once"): void {
    const held = this.held.peek();
    if (how === "once" && held.key === key && (held.busy || held.value !== null || held.error)) return;
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.held.value = { key, value: this.keep || held.key === key ? held.value : null, error: null, busy: true };
    load(running.signal).then(
      value => {
        if (this.running === running) this.held.value = { key, value, error: null, busy: false };
      },
      (reason: unknown) => {
        if (this.running !== running) return;
        const error = reason instanceof ApiError ? reason : new ApiError(0, String(reason));
        this.held.value = { key, value: null, error, busy: false };
      },
    );
  }
}
