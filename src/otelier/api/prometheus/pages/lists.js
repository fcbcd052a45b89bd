// Targets, alerts, rules: what the server scrapes and evaluates.
import { ask } from "./api.js";
import { chips, el, expression, metric, notice, pill, table } from "./dom.js";
import { list } from "./exemplars.js";
import { agoOf, lengthOf, moment } from "./time.js";
import { t, word } from "./words.js";

const ago = text => (agoOf(text) === null ? t("never") : t("ago", lengthOf(agoOf(text))));
const sum = numbers => numbers.reduce((total, each) => total + each, 0);

export async function targetsPage(content) {
  const { data } = await ask("targets");
  const pools = Map.groupBy(data.activeTargets, each => each.scrapePool);
  const dropped = sum(Object.values(data.droppedTargetCounts ?? {}));
  const parts = [...pools].map(([pool, targets]) => {
    const up = targets.filter(each => each.health === "up").length;
    return el("details", { class: "group", open: true },
      el("summary", {}, el("b", {}, pool), pill(up === targets.length ? "up" : "down", t("upOf", up, targets.length))),
      table([t("endpoint"), t("state"), t("labels"), t("lastScrape"), t("duration")], targets.map(target)));
  });
  content.replaceChildren(
    ...(parts.length ? parts : [el("p", { class: "muted" }, t("noTargets"))]),
    dropped ? el("p", { class: "muted" }, t("dropped", dropped)) : "");
}

const target = each => [
  [address(each.globalUrl || each.scrapeUrl, each.scrapeUrl), each.lastError ? el("p", { class: "error" }, each.lastError) : null],
  pill(each.health, word(each.health)),
  chips(each.labels),
  ago(each.lastScrape),
  lengthOf(each.lastScrapeDuration),
];

const address = (url, text) => (/^https?:/.test(url) ? el("a", { href: url, rel: "noreferrer" }, text) : text);

export async function alertsPage(content) {
  const { data } = await ask("rules", { type: "alert" });
  const rules = data.groups.flatMap(group => group.rules.map(rule => ({ ...rule, group: group.name })));
  const order = ["firing", "pending", "inactive"];
  const shown = new Set(order);
  const shownRules = el("div", {});
  const draw = () => shownRules.replaceChildren(...order.filter(state => shown.has(state)).flatMap(state => rules.filter(rule => rule.state === state).map(alerting)));
  const filter = state => el("label", { class: `filter ${state}` },
    el("input", { type: "checkbox", checked: true, onchange: event => { event.target.checked ? shown.add(state) : shown.delete(state); draw(); } }),
    pill(state, `${word(state)} ${rules.filter(rule => rule.state === state).length}`));
  content.replaceChildren(rules.length ? el("div", { class: "controls" }, order.map(filter)) : el("p", { class: "muted" }, t("noAlerts")), shownRules);
  draw();
}

const alerting = rule =>
  el("details", { class: "group", open: rule.state === "firing", ontoggle: event => event.target.open && traces(event.target, rule) },
    el("summary", {}, el("b", {}, rule.name), pill(rule.state, rule.alerts.length ? `${word(rule.state)} ${rule.alerts.length}` : word(rule.state)), el("span", { class: "muted" }, rule.group)),
    el("div", { class: "inner" }, expression(rule.query), rule.duration ? el("p", { class: "muted" }, t("forAtLeast", lengthOf(rule.duration))) : "",
      Object.entries(rule.annotations).map(([key, value]) => el("p", {}, el("span", { class: "muted" }, `${key}: `), value)),
      rule.lastError ? notice("bad", t("error"), rule.lastError) : "",
      rule.alerts.length ? table([t("labels"), t("state"), t("value")], rule.alerts.map(alert => [
        [metric(alert.labels), Object.entries(alert.annotations).map(([key, value]) => el("p", { class: "muted" }, `${key}: ${value}`)), el("div", { "data-alert": keyOf(alert.labels) })],
        [pill(alert.state, word(alert.state)), el("p", { class: "muted" }, t("since", moment(Date.parse(alert.activeAt) / 1000)))],
        el("code", {}, String(Number(alert.value.replace("Inf", "Infinity")))),
      ])) : ""));

const keyOf = labels => JSON.stringify(Object.entries(labels).sort());

/** The exemplars of a rule's alerts, when somebody looks at them. */
async function traces(details, rule) {
  const places = [...details.querySelectorAll("[data-alert]")];
  if (!places.length) return;
  try {
    const { data } = await ask("alerts/exemplars", { "match[]": `{alertname=${JSON.stringify(rule.name)}}` });
    const found = new Map(data.alerts.map(each => [keyOf(each.labels), each.exemplars]));
    for (const place of places) {
      const exemplars = found.get(place.dataset.alert) ?? [];
      place.replaceChildren(...(exemplars.length ? [el("p", { class: "muted" }, t("exemplarsOf")), list(exemplars)] : []));
    }
  } catch (error) {
    places[0].replaceChildren(notice("bad", t("failed"), error.message));
  }
}

export async function rulesPage(content) {
  const { data } = await ask("rules");
  content.replaceChildren(...(data.groups.length ? data.groups.map(group =>
    el("details", { class: "group", open: true },
      el("summary", {}, el("b", {}, group.name), el("span", { class: "muted" }, `${group.file} · ${t("every", lengthOf(group.interval))}`)),
      table([t("name"), t("state"), t("evaluated"), t("duration")], group.rules.map(rule => [
        [el("b", {}, rule.name), el("div", {}, expression(rule.query)), Object.keys(rule.labels).length ? chips(rule.labels) : null, rule.lastError ? el("p", { class: "error" }, rule.lastError) : null],
        pill(rule.health, word(rule.health)),
        ago(rule.lastEvaluation),
        lengthOf(rule.evaluationTime),
      ])))) : [el("p", { class: "muted" }, t("noRules"))]));
}
