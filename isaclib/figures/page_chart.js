// The chart of a statistic over an axis, and the same as a table.

const chosenSchemes = () => [...$("schemes").querySelectorAll("input")].map((each) => each.checked);

// Where there is one value on the axis, the schemes stand beside each other.
const isSingle = () => size($("x").value) === 1;

function told(look, point) {
  const [value, lower, upper] = point.ends;
  const { label } = data.dims[$("x").value];
  const interval = lower === null || upper === null ? "no interval" : `95 % interval: ${say(lower)} to ${say(upper)}`;
  const statuses = point.statuses.map(([word, number]) => `${number} ${word}`).join(", ");
  return [`<b>${look.label.replaceAll("<", "&lt;")}</b>`, `${label}: ${typeof point.x === "number" ? say(point.x) : point.x}`, `<b>${say(value)}</b>`, interval,
    `from ${point.count} ${isPaired() ? "pairs" : "draws"}`, `of ${point.draws}: ${statuses}`].join("<br>");
}

// Stretches of neighbouring points: a band does not bridge what is missing.
function stretches(points) {
  const found = [];
  points.forEach((point, i) => {
    if (i && points[i - 1].k === point.k - 1) found[found.length - 1].push(point);
    else found.push([point]);
  });
  return found;
}

function bands(curve, lowest) {
  const withBand = curve.points.filter((point) => point.ends[1] !== null && point.ends[2] !== null);
  return stretches(withBand).filter((part) => part.length > 1).map((part) => {
    const back = [...part].reverse();
    return {
      type: "scatter", mode: "lines", hoverinfo: "skip", showlegend: false, fill: "toself", line: { width: 0 },
      fillcolor: `${curve.look.color}2E`,
      x: [...part, ...back].map((point) => point.x),
      // an interval may reach below zero, where a logarithm has nothing
      y: [...part.map((point) => Math.max(point.ends[2], lowest)), ...back.map((point) => Math.max(point.ends[1], lowest))],
    };
  });
}

function line(curve, intervals) {
  const { look } = curve;
  const parts = stretches(curve.points);
  // a gap where a point is missing
  const points = parts.flatMap((part, i) => (i ? [null, ...part] : part));
  const long = curve.points.length > 25;
  const trace = {
    type: "scatter", mode: look.marked && !long || curve.points.length < 2 ? "lines+markers" : "lines", name: look.label, showlegend: false,
    x: points.map((point, i) => (isSingle() ? look.label : (point ?? points[i - 1]).x)), y: points.map((point) => point?.ends[0] ?? null),
    text: points.map((point) => (point ? told(look, point) : "")), hovertemplate: "%{text}<extra></extra>",
    line: { color: look.color, width: look.width, dash: look.dash }, marker: { color: look.color, symbol: look.symbol, size: 8 },
  };
  if (intervals && parts.some((part) => part.length === 1)) {
    const alone = new Set(parts.filter((part) => part.length === 1).flat());
    const reach = (point, limit) => (alone.has(point) && point.ends[limit] !== null ? Math.abs(point.ends[limit] - point.ends[0]) : 0);
    trace.error_y = { type: "data", symmetric: false, color: look.color, array: points.map((point) => reach(point, 2)), arrayminus: points.map((point) => reach(point, 1)) };
  }
  return trace;
}

function quantity() {
  const [statistic] = $("statistic").selectedOptions;
  const what = metric().label;
  if (!metric().values.dims.includes("statistic")) return what;
  return isPaired() ? `${what.replace(/ \(.*\)$/, $("statistic").value.startsWith("ratio") ? "" : "$&")}: ${lowered(statistic.text)}` : `${statistic.text} ${lowered(what)}`;
}

// A title in lines of so many letters: plotly would let it run off the page.
function folded(text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) && lines.at(-1).length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] += (lines.at(-1) ? " " : "") + word;
  }
  return lines.join("<br>");
}

function draw() {
  const x = data.dims[$("x").value];
  const isText = isSingle() || x.values.some((value) => typeof value !== "number");
  const positive = !isText && x.values.every((value) => value > 0);
  $("log-x").disabled = !positive;
  $("population").disabled = isPaired() || !metric().values.dims.includes("population");
  const logX = positive && $("log-x").checked;
  const logY = $("log-y").checked;
  const wanted = chosenSchemes();
  const shown = curves().filter((curve) => wanted[curve.scheme] && curve.points.length);
  const values = shown.flatMap((curve) => curve.points.flatMap((point) => point.ends)).filter((value) => value > 0);
  const decades = Math.log10(Math.max(...values) / Math.min(...values));
  const lowest = logY ? Math.min(...values) / 2 : -Infinity;
  const intervals = $("bands").checked;
  const traces = [...(intervals ? shown.flatMap((curve) => bands(curve, lowest)) : []), ...shown.map((curve) => line(curve, intervals))];
  const axis = { automargin: true, zeroline: false, gridcolor: "#e5e5e5", linecolor: "#888", showline: true, ticks: "outside", exponentformat: "power" };
  const layout = {
    font: FONT, margin: { l: 60, r: 15, t: 10, b: 50 }, hovermode: "closest", hoverlabel: { bgcolor: "#fff", font: FONT, align: "left" },
    xaxis: { ...axis, type: isText ? "category" : logX ? "log" : "linear", title: { text: isSingle() ? "" : folded(x.label, 60) } },
    yaxis: { ...axis, type: logY ? "log" : "linear", title: { text: folded(quantity(), 50) } },
    annotations: shown.length ? [] : [{ text: "no scheme that is ticked has a value here", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 }],
  };
  // ticks at 1, 2, 5 where there are few decades
  if (logY && decades > 0.8 && decades < 2.6) layout.yaxis.dtick = "D2";
  if (logX) layout.xaxis.dtick = "D2";
  if (!isText && x.values.length <= 9) Object.assign(layout.xaxis, { tickmode: "array", tickvals: x.values });
  Plotly.react("chart", traces, layout, CONFIG);
  const text = `${quantity()} ${isSingle() ? "at" : "over"} ${lowered(x.label)}${isSingle() ? ` ${x.values[0]}` : ""}`;
  $("shown").textContent = text;
  $("chart").setAttribute("aria-label", `${text}, ${shown.length} schemes`);
  tabulate(x, shown);
}

function cell(tag, text, small) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (small) made.append(Object.assign(document.createElement("small"), { textContent: small }));
  return made;
}

function row(cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}

function tabulate(x, shown) {
  const head = row([cell("th", x.label), ...shown.map((curve) => cell("th", curve.look.label))]);
  const body = x.values.map((value, k) => row([cell("th", typeof value === "number" ? say(value) : value), ...shown.map((curve) => {
    const point = curve.points.find((each) => each.k === k);
    return point ? cell("td", say(point.ends[0]), `${say(point.ends[1])} to ${say(point.ends[2])}; ${point.count}`) : cell("td", "–");
  })]));
  const caption = Object.assign(document.createElement("caption"), { textContent: `Value; below it the 95 % interval; ${isPaired() ? "pairs" : "draws"}` });
  $("table").replaceChildren(caption, head, ...body);
}
