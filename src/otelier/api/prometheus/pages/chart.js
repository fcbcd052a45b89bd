// Lines over time as SVG: axes, a cross-hair with the values there, and a legend that shows and hides lines.
import { el, metric } from "./dom.js";
import { described, secondsOf, traceOf } from "./exemplars.js";
import { moment, tick } from "./time.js";
import { t } from "./words.js";

const HEIGHT = 340;
const MARGIN = { top: 12, right: 12, bottom: 26, left: 62 };
const COLOURS = 16;
const MOST_LINES = 200;
const DOT = 9;
const DOTS_AT_A_PLACE = 3;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

/** `result` of a matrix between two moments, and exemplars, the newest first; it draws itself anew when its width changes. */
export function chart(result, start, end, step, exemplars = []) {
  const lines = result.slice(0, MOST_LINES).map((series, number) => ({
    labels: series.metric,
    colour: `c${number % COLOURS}`,
    shown: true,
    points: (series.values ?? []).map(([time, value]) => [time, Number(value.replace("Inf", "Infinity"))]),
  }));
  const frame = el("div", { class: "chart" });
  const tip = el("div", { class: "tip", hidden: true });
  const draw = () => {
    const width = frame.clientWidth || 800;
    const scale = scaled(lines, start, end, width);
    frame.replaceChildren(drawn(lines, start, end, step, width, scale, tip), tip, ...dots(exemplars, scale));
  };
  new ResizeObserver(draw).observe(frame);
  return el("div", {}, frame, legend(lines, draw), result.length > MOST_LINES ? el("p", { class: "muted" }, t("more", result.length - MOST_LINES)) : null);
}

function scaled(lines, start, end, width) {
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const [low, high] = bounds(lines);
  const x = time => MARGIN.left + ((time - start) / Math.max(end - start, 1)) * (right - MARGIN.left);
  const y = value => bottom - ((value - low) / (high - low)) * (bottom - MARGIN.top);
  return { right, bottom, low, high, x, y };
}

/** Links at time and value, in the unit of the lines if that is seconds; what lies above or below the lines stands at the
 *  edge. Of many at one place a few. */
function dots(exemplars, { low, high, x, y }) {
  const places = new Map();
  return exemplars.flatMap(each => {
    const left = x(each.timestamp);
    const place = Math.round(left / DOT);
    places.set(place, (places.get(place) ?? 0) + 1);
    if (places.get(place) > DOTS_AT_A_PLACE) return [];
    const dot = el("a", { class: "exemplar", href: traceOf(each), title: described(each), "aria-label": `${described(each)}: ${t("openTrace")}` });
    const value = [Number(each.value), secondsOf(each)].find(found => found >= low && found <= high) ?? Number(each.value);
    dot.style.left = `${left - DOT / 2}px`;
    dot.style.top = `${y(Math.min(Math.max(value, low), high)) - DOT / 2}px`;
    return [dot];
  });
}

function drawn(lines, start, end, step, width, { right, bottom, low, high, x, y }, tip) {
  const rows = levels(low, high).map(value => [
    el("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) }),
    el("text", { x: MARGIN.left - 8, y: y(value) + 4, "text-anchor": "end" }, short(value)),
  ]);
  const columns = moments(start, end, width).map(time => [
    el("line", { class: "grid", x1: x(time), x2: x(time), y1: MARGIN.top, y2: bottom }),
    el("text", { x: x(time), y: bottom + 17, "text-anchor": "middle" }, tick(time, end - start)),
  ]);
  const shown = lines.filter(line => line.shown);
  const paths = shown.map(line => el("path", { class: `line ${line.colour}`, d: path(line.points, step, x, y) }));
  const lone = shown.map(line => el("path", { class: `lone ${line.colour}`, d: path(alone(line.points, step), step, x, y) }));
  const cross = el("line", { class: "cross", y1: MARGIN.top, y2: bottom, x1: -9, x2: -9 });
  const dot = el("circle", { class: "dot", r: 3.5, cx: -9, cy: -9 });
  const leave = () => {
    tip.hidden = true;
    for (const each of [cross, dot]) each.setAttribute("visibility", "hidden");
  };
  const move = event => {
    const box = event.currentTarget.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    const at = start + Math.round(((px - MARGIN.left) / (right - MARGIN.left)) * ((end - start) / step)) * step;
    const near = nearest(lines, at, step, value => Math.abs(y(value) - py));
    if (!near) return leave();
    cross.setAttribute("x1", x(near.time));
    cross.setAttribute("x2", x(near.time));
    dot.setAttribute("cx", x(near.time));
    dot.setAttribute("cy", y(near.value));
    dot.setAttribute("class", `dot ${near.line.colour}`);
    for (const each of [cross, dot]) each.setAttribute("visibility", "visible");
    tip.replaceChildren(el("b", {}, String(near.value)), el("span", {}, moment(near.time)), metric(near.line.labels));
    tip.hidden = false;
    tip.style.left = `${Math.min(x(near.time) + 12, width - tip.offsetWidth - 4)}px`;
    tip.style.top = `${Math.min(Math.max(y(near.value) - 20, 4), HEIGHT - tip.offsetHeight)}px`;
  };
  return el("svg", { width, height: HEIGHT, role: "img", "aria-label": t("chart"), onpointermove: move, onpointerleave: leave }, rows, columns, paths, lone, cross, dot);
}

/** A line is broken where a step is missing. */
function path(points, step, x, y) {
  let last = Number.NEGATIVE_INFINITY;
  let drawing = "";
  for (const [time, value] of points) {
    if (!Number.isFinite(value)) continue;
    const at = `${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
    drawing += time - last > step * 1.5 ? `M${at}h.01` : `L${at}`;
    last = time;
  }
  return drawing;
}

/** Points without a neighbour, of which a line would show nothing. */
const alone = (points, step) => {
  const far = (one, other) => !one || !other || Math.abs(one[0] - other[0]) > step * 1.5;
  return points.filter((point, at) => far(point, points[at - 1]) && far(point, points[at + 1]));
};

function bounds(lines) {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const line of lines) {
    if (!line.shown) continue;
    for (const [, value] of line.points) {
      if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
  }
  if (low > high) return [0, 1];
  if (low > 0 && low < high / 2) low = 0;
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2];
  return [low, high + (high - low) * 0.05];
}

function levels(low, high) {
  const rough = (high - low) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(each => each * size).find(each => each >= rough) ?? size * 10;
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(Math.abs(value) < step / 1e6 ? 0 : value);
  return found;
}

function moments(start, end, width) {
  const least = (end - start) / Math.max(Math.floor(width / 120), 2);
  const step = STEPS.find(each => each >= least) ?? Math.ceil(least / 604800) * 604800;
  const shift = new Date(start * 1000).getTimezoneOffset() * 60;
  const found = [];
  for (let time = Math.ceil((start - shift) / step) * step + shift; time <= end; time += step) found.push(time);
  return found;
}

function nearest(lines, at, step, distance) {
  let best = null;
  for (const line of lines) {
    if (!line.shown) continue;
    const point = line.points.find(([time]) => Math.abs(time - at) < step / 2);
    if (!point || !Number.isFinite(point[1])) continue;
    const far = distance(point[1]);
    if (!best || far < best.far) best = { line, far, time: point[0], value: point[1] };
  }
  return best;
}

const short = value => {
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(1);
  for (const [unit, factor] of [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
    if (size >= factor) return `${Number((value / factor).toPrecision(4))}${unit}`;
  }
  return String(Number(value.toPrecision(4)));
};

/** A click shows one line alone, or all again; with Ctrl or ⌘ it hides and shows one. */
function legend(lines, draw) {
  const buttons = lines.map(line => el("button", { type: "button", class: `entry ${line.colour}`, "aria-pressed": "true", onclick: event => choose(line, event) }, el("i", {}), metric(line.labels)));
  const choose = (line, event) => {
    const alone = line.shown && lines.every(each => each.shown === (each === line));
    for (const each of lines) {
      if (event.ctrlKey || event.metaKey) each.shown = each === line ? !each.shown : each.shown;
      else each.shown = alone || each === line;
    }
    for (const [number, button] of buttons.entries()) button.setAttribute("aria-pressed", String(lines[number].shown));
    draw();
  };
  return el("div", { class: "legend" }, buttons);
}
