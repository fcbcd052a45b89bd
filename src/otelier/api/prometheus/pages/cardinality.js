// Who has most series: metrics, labels and pairs, and inside of one metric which label it is.
import { ask } from "./api.js";
import { el, notice, toGraph } from "./dom.js";
import { t } from "./words.js";

const LISTED = 20;
const SERIES = 10_000;
const EXAMPLES = 3;

export async function cardinalityPage(content) {
  const { data } = await ask("status/tsdb", { limit: LISTED });
  const inside = el("div", { "aria-live": "polite" });
  const { numSeries, numLabelPairs } = data.headStats;
  content.replaceChildren(
    el("p", { class: "facts" }, el("b", {}, numSeries.toLocaleString()), ` ${t("activeSeries")} · `, el("b", {}, numLabelPairs.toLocaleString()), ` ${t("labelPairs")}`),
    inside,
    el("div", { class: "lists" },
      ranking(t("byMetric"), data.seriesCountByMetricName, name => el("button", { type: "button", class: "link", onclick: () => look(name, inside) }, name)),
      ranking(t("byLabel"), data.labelValueCountByLabelName),
      ranking(t("byPair"), data.seriesCountByLabelValuePair, pair => el("a", { href: toGraph(counted(pair)) }, pair)),
      ranking(t("byBytes"), data.memoryInBytesByLabelName)));
}

function ranking(title, items, name = text => text) {
  const most = Math.max(1, ...items.map(each => each.value));
  return el("section", {}, el("h2", {}, title), el("ol", { class: "ranking" }, items.map(each =>
    el("li", {}, el("meter", { min: 0, max: most, value: each.value, "aria-hidden": "true" }), el("span", { class: "name" }, name(each.name)), el("span", { class: "number" }, each.value.toLocaleString())))));
}

function counted(pair) {
  const at = pair.indexOf("=");
  const [label, value] = [pair.slice(0, at), pair.slice(at + 1)];
  const key = /^[A-Za-z_]\w*$/.test(label) ? label : JSON.stringify(label);
  return `count by (__name__) ({${key}=${JSON.stringify(value)}})`;
}

/** The labels of one metric by their number of values. */
async function look(name, inside) {
  inside.replaceChildren(el("p", { class: "muted" }, t("loading")));
  try {
    const { data, warnings } = await ask("series", { "match[]": `{${JSON.stringify(name)}}`, start: Date.now() / 1000 - 3600, limit: SERIES });
    const values = new Map();
    for (const labels of data) {
      for (const [label, value] of Object.entries(labels)) {
        if (label !== "__name__") values.set(label, (values.get(label) ?? new Set()).add(value));
      }
    }
    const items = [...values].map(([label, known]) => ({ label, known })).sort((a, b) => b.known.size - a.known.size);
    inside.replaceChildren(...warnings.map(text => notice("warn", t("warning"), text)),
      el("section", { class: "inside" }, el("h2", {}, t("inMetric", name)), el("ol", { class: "ranking" }, items.map(({ label, known }) =>
        el("li", {}, el("meter", { min: 0, max: data.length, value: known.size, "aria-hidden": "true" }),
          el("span", { class: "name" }, label, el("span", { class: "muted" }, ` ${t("examples")} ${[...known].slice(0, EXAMPLES).join(", ")}`)),
          el("span", { class: "number" }, known.size.toLocaleString()))))));
  } catch (error) {
    inside.replaceChildren(notice("bad", t("failed"), error.message));
  }
}
