// The running search: the address says what is asked, this holds what came back. It outlives the page, so that going
// back from a trace finds the list as it was.
import { signal } from "@preact/signals";
import { fetchOperations, fetchServices, fetchSummaries, type Operation } from "../api/routes.ts";
import { Loading } from "../state/loading.ts";
import { DEFAULTS, type Query, queryToApi, queryToUrl } from "./query.ts";
import { type Result, resultOf } from "./result.ts";

export const found = new Loading<Result[]>(true);
export const services = new Loading<string[]>(true);
export const operations = new Loading<Operation[]>();
/** The last search's address with its order, to which the trace page goes back. */
export const lastSearch = signal("/search");

export function search(query: Query, how: "once" | "again"): void {
  found.ask(
    queryToUrl(query),
    async signal => (await fetchSummaries(queryToApi(query, Date.now()), signal)).map(resultOf),
    how,
  );
}

export function askServices(how: "once" | "again" = "once"): void {
  services.ask("services", fetchServices, how);
}

export function askOperations(service: string): void {
  operations.ask(service, signal => (service ? fetchOperations(service, signal) : Promise.resolve([])));
}

export function isDefault(query: Query): boolean {
  return queryToUrl(query) === queryToUrl(DEFAULTS);
}
