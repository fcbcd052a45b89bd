// What the pages ask of the API beside them.
import { t } from "./words.js";

/** `{data, warnings, infos}`. Throws an Error with the server's own text. */
export async function ask(path, parameters = {}, signal = undefined) {
  const body = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) body.append(key, value);
  let answer;
  try {
    answer = await fetch(`/api/v1/${path}?${body}`, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(t("unreachable"));
  }
  if (answer.status === 204) return { data: null, warnings: [], infos: [] };
  const found = await answer.json().catch(() => ({ status: "error", error: `${answer.status} ${answer.statusText}` }));
  if (found.status !== "success") throw new Error(found.error);
  return { data: found.data, warnings: found.warnings ?? [], infos: found.infos ?? [] };
}
