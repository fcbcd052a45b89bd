// What a reader chose, kept in this browser. Storage that is full, forbidden or holds nonsense costs nothing but memory.
import { effect, type Signal, signal } from "@preact/signals";

export function preference<T extends string | number>(
  name: string,
  read: (text: string) => T | null,
  fallback: T,
): Signal<T> {
  const key = `otelier.${name}`;
  const kept = signal<T>(fallback);
  try {
    const text = localStorage.getItem(key);
    if (text !== null) kept.value = read(text) ?? fallback;
  } catch {
    // Not allowed: the fallback it is.
  }
  let first = true;
  effect(() => {
    const value = String(kept.value);
    if (first) {
      first = false;
      return;
    }
    try {
      localStorage.setItem(key, value);
    } catch {
      // It holds for this page's life, then.
    }
  });
  return kept;
}
