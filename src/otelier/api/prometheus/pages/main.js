// Where the pages start: the frame, and which page the address means.
import { cardinalityPage } from "./cardinality.js";
import { el, notice } from "./dom.js";
import { graphPage } from "./graph.js";
import { alertsPage, rulesPage, targetsPage } from "./lists.js";
import { statusPage } from "./status.js";
import { language, recalled, remember, t } from "./words.js";

const PAGES = { graph: graphPage, targets: targetsPage, alerts: alertsPage, rules: rulesPage, cardinality: cardinalityPage, status: statusPage };
/** Under which addresses Prometheus has them. */
const ALSO = { query: "graph", "service-discovery": "targets", "tsdb-status": "cardinality", config: "status", flags: "status" };
const THEMES = ["system", "light", "dark"];
const asked = location.pathname.slice(1);
const here = asked in PAGES ? asked : ALSO[asked] ?? "graph";

let theme = THEMES.includes(recalled("theme")) ? recalled("theme") : "system";
const dress = () => {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
};
const themeWord = () => t({ system: "themeSystem", light: "themeLight", dark: "themeDark" }[theme]);

function top() {
  const links = Object.keys(PAGES).map(page => el("a", { href: `/${page}`, "aria-current": page === here ? "page" : null }, t(page)));
  const themes = el("button", { type: "button", title: themeWord(), "aria-label": themeWord(), onclick: () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    remember("theme", theme);
    dress();
    for (const name of ["title", "aria-label"]) themes.setAttribute(name, themeWord());
  } }, "◐");
  const languages = el("button", { type: "button", lang: language === "ko" ? "en" : "ko", onclick: () => {
    remember("language", language === "ko" ? "en" : "ko");
    location.reload();
  } }, t("switchLanguage"));
  document.getElementById("top").replaceChildren(el("a", { class: "brand", href: "/graph" }, "Otelier"), el("nav", {}, links, el("a", { href: "/search" }, t("traces"))), el("span", { class: "spread" }), languages, themes);
}

async function start() {
  dress();
  document.documentElement.lang = language;
  document.title = `${t(here)} · Otelier`;
  top();
  const content = document.getElementById("content");
  content.replaceChildren(el("p", { class: "muted" }, t("loading")));
  try {
    await PAGES[here](content);
  } catch (error) {
    content.replaceChildren(notice("bad", t("failed"), error.message));
  }
}

start();
