// A query, its table and its graph. The address says everything, with the names that Prometheus' own pages use.
import { ask } from "./api.js";
import { chart } from "./chart.js";
import { completion } from "./completion.js";
import { el, metric, notice, table } from "./dom.js";
import { flat, list } from "./exemplars.js";
import { moment, secondsOf } from "./time.js";
import { t } from "./words.js";

const RANGES = ["5m", "15m", "1h", "3h", "6h", "12h", "1d", "2d", "1w", "2w", "4w"];
const ROWS = 1000;
const COLUMNS = 250;
const STEP_LEAST = 1;
const LISTED = 20;
const OFFERED = 40;

export function graphPage(content) {
  const given = new URLSearchParams(location.search);
  const state = {
    tab: given.get("g0.tab") === "0" ? "chart" : "table",
    range: given.get("g0.range_input") ?? "1h",
    exemplars: given.get("g0.show_exemplars") === "1",
    end: given.get("g0.end_input") ? Date.parse(`${given.get("g0.end_input").replace(" ", "T")}Z`) / 1000 : null,
  };
  const box = el("textarea", {
    rows: 1, spellcheck: "false", autocomplete: "off", autocapitalize: "off", placeholder: t("queryHint"), "aria-label": t("queryLabel"),
    role: "combobox", "aria-controls": "completion", "aria-expanded": "false", "aria-autocomplete": "list",
  });
  box.value = given.get("g0.expr") ?? "";
  const names = completion(box);
  const told = el("div", { "aria-live": "polite" });
  const controls = el("div", { class: "controls" });
  let running = null;

  const run = async () => {
    names.hide();
    running?.abort();
    const query = box.value.trim();
    remember(query, state);
    running = new AbortController();
    const { signal } = running;
    told.replaceChildren(el("p", { class: "muted" }, t("loading")));
    try {
      const parts = await (query ? (state.tab === "chart" ? asChart : asTable)(query, state, signal) : stored(choose, signal));
      if (!signal.aborted) told.replaceChildren(...parts);
    } catch (error) {
      if (!signal.aborted) told.replaceChildren(notice("bad", t("failed"), error.message));
    }
  };

  const choose = name => {
    box.value = name;
    run();
  };

  const side = async (path, show) => {
    try {
      show((await ask(path, { query: box.value, ...(state.tab === "chart" ? times(state) : {}) })).data);
    } catch (error) {
      told.replaceChildren(notice("bad", t("failed"), error.message));
    }
  };
  const format = () => side("format_query", text => {
    box.value = text;
    grow();
  });
  const explain = () => side("explain_query", plan => told.replaceChildren(explained(plan)));
  const grow = () => {
    box.rows = Math.min(box.value.split("\n").length, 12);
  };

  const draw = () => {
    const tab = name => el("button", { type: "button", role: "tab", "aria-selected": String(state.tab === name), onclick: () => change({ tab: name }) }, t(name));
    const pick = el("select", { "aria-label": t("range"), onchange: event => change({ range: event.target.value }) },
      [...new Set([...RANGES, state.range])].map(each => el("option", { value: each, selected: each === state.range }, each)));
    const until = el("input", { type: "datetime-local", step: 1, "aria-label": t("end"), onchange: event => change({ end: event.target.value ? Date.parse(event.target.value) / 1000 : null }) });
    if (state.end) until.value = moment(state.end).replace(" ", "T");
    const shift = direction => change({ end: (state.end ?? Date.now() / 1000) + (direction * span(state)) / 2 });
    controls.replaceChildren(
      el("div", { class: "tabs", role: "tablist" }, tab("table"), tab("chart")),
      state.tab === "chart" ? pick : "",
      el("button", { type: "button", title: t("earlier"), "aria-label": t("earlier"), onclick: () => shift(-1) }, "‹"),
      until,
      el("button", { type: "button", title: t("later"), "aria-label": t("later"), onclick: () => shift(1) }, "›"),
      state.end ? el("button", { type: "button", onclick: () => change({ end: null }) }, t("now")) : "",
      state.tab === "chart" ? el("label", { class: "filter" }, el("input", { type: "checkbox", checked: state.exemplars, onchange: event => change({ exemplars: event.target.checked }) }), t("exemplars")) : "",
    );
  };
  const change = changes => {
    Object.assign(state, changes);
    draw();
    run();
  };

  box.addEventListener("input", grow);
  box.addEventListener("keydown", event => {
    if (names.keydown(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      run();
    }
  });
  const form = el("form", { class: "query", onsubmit: event => { event.preventDefault(); run(); } },
    el("div", { class: "box" }, box, names.list),
    el("button", { class: "main" }, t("run")),
    el("button", { type: "button", onclick: format }, t("format")),
    el("button", { type: "button", onclick: explain }, t("explain")));
  content.replaceChildren(form, controls, told);
  draw();
  grow();
  box.focus();
  run();
}

const span = state => (secondsOf(state.range) > 0 ? secondsOf(state.range) : 3600);

function times(state) {
  const end = state.end ?? Date.now() / 1000;
  const step = Math.max(Math.ceil(span(state) / COLUMNS), STEP_LEAST);
  const last = Math.floor(end / step) * step;
  return { start: last - Math.floor(span(state) / step) * step, end: last, step };
}

function remember(query, state) {
  const said = new URLSearchParams({ "g0.expr": query, "g0.tab": state.tab === "chart" ? "0" : "1", "g0.range_input": state.range });
  if (state.exemplars) said.set("g0.show_exemplars", "1");
  if (state.end) said.set("g0.end_input", new Date(state.end * 1000).toISOString().slice(0, 19).replace("T", " "));
  history.replaceState(null, "", `/graph?${said}`);
}

/** Names to begin with, or how to get some. */
async function stored(choose, signal) {
  const { data } = await ask("label/__name__/values", { limit: OFFERED }, signal);
  if (!data.length) return [el("p", { class: "muted" }, t("noMetrics"))];
  return [el("p", { class: "muted" }, t("someMetrics")), el("div", { class: "offered" }, data.map(name => el("button", { type: "button", onclick: () => choose(/^[a-zA-Z_:][\w:]*$/.test(name) ? name : `{${JSON.stringify(name)}}`) }, name)))];
}

async function asTable(query, state, signal) {
  const began = performance.now();
  const answer = await ask("query", { query, stats: "true", ...(state.end ? { time: state.end } : {}) }, signal);
  const { resultType: type, result, stats } = answer.data;
  const rows = type === "scalar" || type === "string" ? [[el("code", {}, type), el("code", {}, result[1])]] : result.slice(0, ROWS).map(row);
  const body = rows.length ? table([t("series"), t("value")], rows, "result") : el("p", { class: "muted" }, t("nothing"));
  const left = Array.isArray(result) && type !== "scalar" && type !== "string" ? result.length - rows.length : 0;
  return [...annotations(answer), summary(rows.length + left, stats, began), body, left > 0 ? el("p", { class: "muted" }, t("more", left)) : ""];
}

function row(series) {
  const values = [...(series.values ?? []), ...(series.value ? [series.value] : [])].map(([time, value]) => [time, value]);
  const natives = [...(series.histograms ?? []), ...(series.histogram ? [series.histogram] : [])].map(([time, value]) => [time, histogram(value)]);
  const all = [...values, ...natives];
  const several = "values" in series || "histograms" in series;
  return [metric(series.metric), all.map(([time, value]) => el("div", { class: "number" }, value, several ? el("span", { class: "muted" }, ` @${time}`) : ""))];
}

const histogram = ({ count, sum, buckets = [] }) =>
  el("details", {}, el("summary", {}, `count ${count} · sum ${sum}`), buckets.map(([rule, low, high, number]) => el("div", {}, `${rule === 1 || rule === 3 ? "[" : "("}${low}, ${high}${rule === 0 || rule === 3 ? "]" : ")"} → ${number}`)));

async function asChart(query, state, signal) {
  const began = performance.now();
  const asked = times(state);
  const { start, end, step } = asked;
  const [answer, exemplars] = await Promise.all([
    ask("query_range", { query, stats: "true", ...asked }, signal),
    state.exemplars ? ask("query_exemplars", { query, start, end }, signal).then(({ data }) => flat(data ?? [])) : null,
  ]);
  const { result, stats } = answer.data;
  const body = result.length ? chart(result, start, end, step, exemplars ?? []) : el("p", { class: "muted" }, t("nothing"));
  return [...annotations(answer), summary(result.length, stats, began), body, exemplars ? listed(exemplars) : ""];
}

const listed = exemplars =>
  el("section", { class: "behind" }, el("h2", {}, t("exemplarsOf")),
    exemplars.length ? list(exemplars.slice(0, LISTED)) : el("p", { class: "muted" }, t("noExemplars")),
    exemplars.length > LISTED ? el("p", { class: "muted" }, t("more", exemplars.length - LISTED)) : "");

const summary = (series, stats, began) =>
  el("p", { class: "muted summary" }, t("took", series, (stats?.samples.totalQueryableSamples ?? 0).toLocaleString(), Math.round(performance.now() - began)));

const annotations = ({ warnings, infos }) => [
  ...warnings.map(text => notice("warn", t("warning"), text)),
  ...infos.map(text => notice("info", t("info"), text)),
];

const explained = ({ series, samples, plan }) =>
  el("div", { class: "plan" }, el("p", { class: "muted" }, t("cost", series.toLocaleString(), samples.toLocaleString())),
    plan.map(({ depth, text, type, steps }) => el("div", { class: `depth d${Math.min(depth, 9)}` }, el("code", {}, text), el("span", { class: "muted" }, ` ${type} × ${steps}`))));
