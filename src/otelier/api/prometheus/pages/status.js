// What the server is, how it runs, and what it scrapes by.
import { ask } from "./api.js";
import { el, table } from "./dom.js";
import { t } from "./words.js";

export async function statusPage(content) {
  const [build, runtime, flags, config] = await Promise.all(["buildinfo", "runtimeinfo", "flags", "config"].map(each => ask(`status/${each}`)));
  content.replaceChildren(
    listed(t("runtime"), { ...runtime.data, version: build.data.version, revision: build.data.revision }),
    listed(t("flags"), flags.data),
    el("section", { id: "config" }, el("h2", {}, t("configuration")), el("pre", {}, config.data.yaml || t("noConfiguration"))));
}

/** Without what is empty: those are things that only Prometheus has. */
const listed = (title, values) =>
  el("section", {}, el("h2", {}, title),
    table([t("name"), t("value")], Object.entries(values).filter(([, value]) => value !== "" && value !== 0).map(([name, value]) => [el("code", {}, name), el("code", {}, String(value))])));
