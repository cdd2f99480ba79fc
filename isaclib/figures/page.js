"use strict";
// The controls hold the state; every change draws anew from them. Nothing is fetched.

const $ = (id) => document.getElementById(id);
const FONT = { family: "system-ui, sans-serif", size: 13, color: "#222" };
// Named one by one: among plotly's own buttons is one that sends the chart to its makers.
const CONFIG = { responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "", modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]] };
// Corners of a marker, the direction of the first in degrees, and how far the notches between them reach.
const SHAPES = {
  circle: [24, 0], square: [4, 45], diamond: [4, 0], "diamond-tall": [4, 0], pentagon: [5, -90], hexagon: [6, 30], hexagon2: [6, 0], octagon: [8, 22.5],
  "triangle-up": [3, -90], "triangle-down": [3, 90], "triangle-left": [3, 180], "triangle-right": [3, 0], star: [5, -90, 0.4], cross: [4, 0, 0.45], x: [4, 45, 0.45],
};
let data = null;

async function unpacked(id) {
  const bytes = Uint8Array.from(atob($(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

// An array is {dims, shape, values}; dimensions that it does not have are ignored.
function pick(array, at) {
  let index = 0;
  array.dims.forEach((dim, k) => { index = index * array.shape[k] + (at[dim] ?? 0); });
  return array.values[index];
}

const size = (dim) => data.dims[dim].values.length;
const say = (number) => (number === null || number === undefined ? "–" : String(Number(number.toPrecision(5))).replace("-", "−"));
const lowered = (text) => (/^[A-Z][a-z]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text);

function option(value, text) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = text;
  return made;
}

// Offer [value, text] pairs, keeping what was chosen where it is still there.
function offer(select, entries, otherwise) {
  const before = select.value;
  select.replaceChildren(...entries.map(([value, text]) => option(value, text)));
  const wanted = [before, String(otherwise)].find((each) => entries.some(([value]) => String(value) === each));
  select.value = wanted ?? String(entries[0]?.[0] ?? "");
}

const metric = () => data.metrics[$("metric").value];
const isPaired = () => data.dims.paired.values.includes($("statistic").value);

// Dimensions that the chosen metric may be drawn over: those of the grid, then its own.
function dimensions() {
  const own = metric().values.dims.filter((dim) => !["scheme", "population", "statistic", "limit", ...data.axes].includes(dim));
  return [...data.axes, ...own].filter((dim) => size(dim) > 1);
}

function offerMetrics() {
  offer($("metric"), Object.entries(data.metrics).map(([name, each]) => [name, `${each.label}: ${name}`]), data.opening.metric);
  offerStatistics();
}

function offerStatistics() {
  const { statistic, paired } = data.dims;
  const entries = metric().values.dims.includes("statistic") ? statistic.values.map((name, k) => [name, statistic.texts[k]]) : [["share", "Share"]];
  if (metric().paired && data.looks.length > 1) entries.push(...paired.values.map((name, k) => [name, paired.texts[k]]));
  offer($("statistic"), entries, data.opening.statistic);
  offerAxes();
}

function offerAxes() {
  const found = dimensions();
  const likely = found.includes("iteration") ? ["iteration"] : found.filter((dim) => data.axes.includes(dim));
  const longest = likely.reduce((most, dim) => (size(dim) > size(most) ? dim : most), likely[0]);
  offer($("x"), (found.length ? found : data.axes.slice(0, 1)).map((dim) => [dim, data.dims[dim].label]), longest);
  offerRest();
}

// A drop-down for each dimension that is not on the x axis.
function offerRest() {
  const before = Object.fromEntries([...$("rest").querySelectorAll("select")].map((each) => [each.dataset.dim, each.value]));
  const others = dimensions().filter((dim) => dim !== $("x").value);
  $("rest").replaceChildren(...others.map((dim) => {
    const { label, values } = data.dims[dim];
    const middle = data.axes.includes(dim) ? Math.floor(values.length / 2) : 0;
    const select = document.createElement("select");
    select.id = `at-${dim}`;
    select.dataset.dim = dim;
    select.replaceChildren(...values.map((value, k) => option(k, value)));
    select.value = before[dim] < values.length ? before[dim] : String(middle);
    const made = document.createElement("label");
    made.append(`${label} `, select);
    return made;
  }));
  $("log-x").checked = isGeometric(data.dims[$("x").value].values);
  suggestLog();
  draw();
}

// Whether values lie more evenly on a logarithmic axis.
function isGeometric(values) {
  if (values.length < 3 || !values.every((value) => typeof value === "number" && value > 0)) return false;
  const unevenness = (places) => {
    const steps = places.slice(1).map((place, k) => Math.abs(place - places[k]));
    return Math.max(...steps) / Math.min(...steps);
  };
  return unevenness(values) > 1.01 && unevenness(values.map(Math.log)) < unevenness(values);
}

// Logarithmic where the values span more than a factor of thirty, until a person says otherwise.
function suggestLog() {
  const values = curves().flatMap((curve) => curve.points.map((point) => point.ends[0]));
  const lowest = Math.min(...values);
  $("log-y").checked = lowest > 0 && Math.max(...values) > 30 * lowest;
}

// What is drawn: for each scheme its points that have a value.
function curves() {
  const { values, counts, paired, pairs } = metric();
  const [array, behind] = isPaired() ? [paired, pairs] : [values, counts];
  const name = $("statistic").value;
  const fixed = { population: Number($("population").value), statistic: data.dims.statistic.values.indexOf(name), paired: data.dims.paired.values.indexOf(name) };
  $("rest").querySelectorAll("select").forEach((each) => { fixed[each.dataset.dim] = Number(each.value); });
  const x = $("x").value;
  return data.looks.map((look, scheme) => {
    const points = data.dims[x].values.map((value, k) => {
      const at = { ...fixed, scheme, [x]: k };
      const statuses = data.statuses.map((word, status) => [word, pick(data.status, { ...at, status })]).filter(([, number]) => number > 0);
      const draws = statuses.reduce((sum, [, number]) => sum + number, 0);
      return { x: value, k, ends: [0, 1, 2].map((limit) => pick(array, { ...at, limit })), count: behind ? pick(behind, at) : draws, draws, statuses };
    });
    return { look, scheme, points: points.filter((point) => point.ends[0] !== null) };
  });
}

// The tick boxes are the legend, outside of the data.
function offerSchemes() {
  const names = data.looks.map((look, k) => {
    const made = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true, id: `scheme-${k}` });
    box.addEventListener("change", draw);
    const swatch = Object.assign(document.createElement("span"), { innerHTML: drawn(look) });
    made.append(box, swatch, look.label);
    return made;
  });
  $("schemes").replaceChildren($("schemes").querySelector("legend"), ...names);
}

function drawn({ color, dash, marked, symbol, width }) {
  const [corners, turn, inner = 1] = SHAPES[symbol];
  const count = inner < 1 ? 2 * corners : corners;
  const places = Array.from({ length: count }, (_, k) => {
    const angle = (turn / 180 + (2 * k) / count) * Math.PI;
    const radius = (corners > 8 ? 4.5 : 5.5) * (k % 2 ? inner : 1);
    return `${17 + radius * Math.cos(angle)},${7 + radius * Math.sin(angle)}`;
  });
  const stroke = `stroke="${color}" stroke-width="${width}" stroke-dasharray="${dash === "solid" ? "none" : dash.replaceAll("px", "")}"`;
  return `<svg width="34" height="14" aria-hidden="true"><path d="M0 7H34" ${stroke}/>${marked ? `<polygon points="${places.join(" ")}" fill="${color}"/>` : ""}</svg>`;
}

async function showCampaign() {
  data = JSON.parse(await unpacked($("campaign").value));
  // each campaign opens with what it is about, not with what another one showed
  for (const id of ["metric", "statistic", "x", "rest", "left", "right"]) $(id).replaceChildren();
  $("title").textContent = data.title;
  $("made").textContent = data.made;
  offerSchemes();
  offerMetrics();
  offerPatterns();
  document.body.dataset.shown = $("campaign").selectedOptions[0].text;
}

async function start() {
  const library = document.createElement("script");
  library.textContent = await unpacked("library");
  document.head.append(library);
  const stored = [...document.querySelectorAll("script[data-campaign]")];
  offer($("campaign"), stored.map((each) => [each.id, each.dataset.campaign]));
  $("campaign").addEventListener("change", showCampaign);
  $("metric").addEventListener("change", offerStatistics);
  $("statistic").addEventListener("change", () => { suggestLog(); draw(); });
  $("x").addEventListener("change", offerRest);
  $("rest").addEventListener("change", draw);
  for (const id of ["population", "log-x", "log-y", "bands"]) $(id).addEventListener("change", draw);
  $("draw").addEventListener("change", offerPatterns);
  for (const id of ["view", "left", "right"]) $(id).addEventListener("change", drawPatterns);
  await showCampaign();
}

start().catch((error) => { $("title").textContent = `This browser cannot show the page: ${error.message}`; });
