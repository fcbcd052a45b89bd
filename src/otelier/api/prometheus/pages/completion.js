// Names of metrics and functions below the query box, by what stands before the cursor.
import { ask } from "./api.js";
import { el } from "./dom.js";

const SHOWN = 12;
const MOST = 20_000;
const WORD = /[A-Za-z_:][\w:.]*$/;

/** A list that follows the text box; `keydown` says whether it has taken the key. */
export function completion(box) {
  const list = el("ul", { class: "completion", role: "listbox", id: "completion", hidden: true });
  let names = null;
  let found = [];
  let chosen = 0;

  const load = async () => {
    names ??= Promise.all([ask("label/__name__/values", { limit: MOST }), ask("features")])
      .then(([metrics, features]) => [
        ...metrics.data.map(name => ({ name, kind: "" })),
        ...Object.keys(features.data.promql_functions ?? {}).map(name => ({ name, kind: "()" })),
        ...Object.keys(features.data.promql_aggregations ?? {}).map(name => ({ name, kind: "()" })),
      ])
      .catch(() => []);
    return names;
  };

  const typed = () => WORD.exec(box.value.slice(0, box.selectionStart))?.[0] ?? "";
  const hide = () => {
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
  };

  const show = async () => {
    const word = typed();
    if (word.length < 2 || insideText(box.value.slice(0, box.selectionStart))) return hide();
    const all = await load();
    if (word !== typed()) return;
    found = ranked(all, word.toLowerCase()).slice(0, SHOWN);
    if (!found.length || (found.length === 1 && found[0].name === word)) return hide();
    chosen = 0;
    draw();
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
  };

  const draw = () => {
    list.replaceChildren(
      ...found.map((each, number) =>
        el("li", { role: "option", id: `completion-${number}`, "aria-selected": String(number === chosen),
          onpointerdown: event => { event.preventDefault(); take(number); } },
        el("code", {}, each.name), el("span", { class: "muted" }, each.kind))));
    box.setAttribute("aria-activedescendant", `completion-${chosen}`);
  };

  const take = number => {
    const { name, kind } = found[number];
    const at = box.selectionStart - typed().length;
    const odd = kind === "" && !/^[A-Za-z_:][\w:]*$/.test(name);
    const text = odd ? `{${JSON.stringify(name)}}` : name + (kind ? "(" : "");
    box.setRangeText(text, at, box.selectionStart, "end");
    hide();
    box.focus();
  };

  const keydown = event => {
    if (list.hidden || event.isComposing) return false;
    if (event.key === "Escape") hide();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
      draw();
    } else if (event.key === "Tab" || (event.key === "Enter" && chosen > 0)) take(chosen);
    else return false;
    return true;
  };

  box.addEventListener("input", show);
  box.addEventListener("blur", hide);
  return { list, keydown, hide };
}

/** An odd number of quotes stands before. */
const insideText = before => (before.replace(/\\./g, "").match(/"/g) ?? []).length % 2 === 1;

/** Those that begin so, then those with a part that does, then those that hold it. */
function ranked(all, word) {
  const rank = name => {
    const at = name.toLowerCase().indexOf(word);
    return at < 0 ? 9 : at === 0 ? 0 : /[_:.]/.test(name[at - 1]) ? 1 : 2;
  };
  return all.map(each => [rank(each.name), each]).filter(([found]) => found < 9)
    .sort(([a, one], [b, other]) => a - b || one.name.length - other.name.length).map(([, each]) => each);
}
