// Exemplars: single measurements behind a query's series or an alert, each a way to its trace.
import { el, metric } from "./dom.js";
import { lengthOf, moment } from "./time.js";
import { t } from "./words.js";

const TRACE = ["trace_id", "traceID", "traceId"];
const SPAN = ["span_id", "spanID", "spanId"];
const UNITS = [[/_milliseconds(_bucket|_count|_sum)?$/, 0.001], [/_seconds(_bucket|_count|_sum)?$/, 1]];

const named = (labels, names) => names.map(name => labels[name]).find(Boolean) ?? "";

/** Of `query_exemplars`: one object for each exemplar that names a trace, the newest first. */
export const flat = data =>
  data.flatMap(({ seriesLabels, exemplars }) => exemplars.map(each => ({ seriesLabels, ...each })))
    .filter(each => named(each.labels, TRACE))
    .sort((one, other) => other.timestamp - one.timestamp || other.value - one.value);

/** If sampling has dropped the trace, the page there finds one like it by the time. */
export function traceOf({ labels, timestamp }) {
  const said = new URLSearchParams({ exemplar: timestamp });
  const span = named(labels, SPAN);
  if (span) said.set("span", span);
  return `/trace/${encodeURIComponent(named(labels, TRACE))}?${said}`;
}

/** NaN if the metric's name does not have the unit. */
export const secondsOf = ({ seriesLabels, value }) =>
  Number(value) * (UNITS.find(([name]) => name.test(seriesLabels.__name__ ?? ""))?.[1] ?? Number.NaN);

export const valueOf = each => (secondsOf(each) >= 0 ? lengthOf(secondsOf(each)) : String(Number(Number(each.value).toPrecision(4))));

export const described = each => `${t("exemplar")}: ${valueOf(each)}, ${moment(each.timestamp)}`;

/** Each as a link, with the series that it belongs to. */
export const list = exemplars =>
  el("ul", { class: "exemplars" }, exemplars.map(each =>
    el("li", {}, el("a", { href: traceOf(each), "aria-label": `${described(each)}: ${t("openTrace")}` }, `${valueOf(each)} · ${moment(each.timestamp)}`), " ", metric(each.seriesLabels))));
