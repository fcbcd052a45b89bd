// The page's address is the truth about what is shown. Links are plain links; this takes the clicks that stay inside.
import { signal } from "@preact/signals";

export interface Address {
  readonly path: string;
  readonly search: string;
}

const read = (): Address => ({ path: location.pathname, search: location.search });
export const address = signal<Address>(read());

export function navigate(url: string, how: "push" | "replace" = "push"): void {
  if (how === "replace") {
    history.replaceState(history.state, "", url);
    address.value = read();
    return;
  }
  // Going back finds the page where it was left: the browser can't, because rows come after it has tried.
  history.replaceState({ top: scrollY }, "");
  history.pushState(null, "", url);
  address.value = read();
  scrollTo(0, 0);
}

/** Changes one parameter of the address in place; null takes it out. */
export function setParameter(name: string, value: string | null, how: "push" | "replace" = "replace"): void {
  const params = new URLSearchParams(location.search);
  if (value === null) params.delete(name);
  else params.set(name, value);
  const text = params.toString();
  navigate(location.pathname + (text ? `?${text}` : ""), how);
}

export function parameter(name: string): string | null {
  return new URLSearchParams(address.value.search).get(name);
}

export function followAddress(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", event => {
    const { top = 0 } = (event.state ?? {}) as { top?: number };
    address.value = read();
    requestAnimationFrame(() => requestAnimationFrame(() => scrollTo(0, top)));
  });
  document.addEventListener("click", event => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    const link = (event.target as Element | null)?.closest?.("a[href]");
    if (!link || link.hasAttribute("target") || link.hasAttribute("download")) return;
    const href = link.getAttribute("href") ?? "";
    if (!isPage(href)) return;
    event.preventDefault();
    navigate(href);
  });
}

function isPage(href: string): boolean {
  return href === "/" || /^\/(?:search|explore|sql|trace)(?:[/?]|$)/.test(href);
}
