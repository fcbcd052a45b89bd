// Elements from names, attributes and children. Text is always text: no string becomes HTML.
const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set(["svg", "path", "line", "text", "rect", "circle", "g"]);

/** `on…` attributes are listeners; null, undefined and false are left out, as attributes and as children. */
export function el(name, attributes = {}, ...children) {
  const node = DRAWN.has(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter(each => each !== null && each !== undefined && each !== false));
  return node;
}

/** A metric as one would write it, its name stronger than its labels. */
export function metric(labels) {
  const { __name__: name = "", ...rest } = labels;
  const pairs = Object.entries(rest).map(([key, value], number) => [
    number ? ", " : "",
    el("span", { class: "key" }, /^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key)),
    "=",
    el("span", { class: "string" }, JSON.stringify(value)),
  ]);
  return el("code", { class: "metric" }, el("b", {}, name), pairs.length || !name ? ["{", pairs, "}"] : null);
}

/** Labels of a target or rule, each in a box. */
export function chips(labels) {
  return el("span", { class: "chips" }, Object.entries(labels).map(([key, value]) => el("code", {}, `${key}="${value}"`)));
}

export const pill = (state, text) => el("span", { class: `pill ${state}` }, text);

export function notice(kind, title, ...texts) {
  return el("section", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" }, el("b", {}, title), ...texts.map(text => el("p", {}, text)));
}

export function table(heads, rows, kind = "") {
  return el("div", { class: "scroll" },
    el("table", { class: kind },
      el("thead", {}, el("tr", {}, heads.map(head => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map(cells => el("tr", {}, cells.map(cell => el("td", {}, cell)))))));
}

export const toGraph = query => `/graph?g0.expr=${encodeURIComponent(query)}&g0.tab=1`;

/** An expression that leads to its graph. */
export const expression = query => el("a", { class: "expression", href: toGraph(query) }, el("code", {}, query));
