// Beam patterns of one draw, of two schemes side by side.

const MARKS = {
  user: { symbol: "circle", color: "#0072B2", size: 9 },
  target: { symbol: "star", color: "#D55E00", size: 13 },
  interferer: { symbol: "x", color: "#CC79A7", size: 9 },
};

function offerPatterns() {
  const { patterns } = data;
  $("pair").hidden = !patterns.draws;
  $("missing").hidden = !patterns.missing;
  $("missing").textContent = patterns.missing ?? "";
  if (!patterns.draws) return;
  offer($("draw"), Object.keys(patterns.draws).map((draw) => [draw, draw]));
  const { schemes, views } = patterns.draws[$("draw").value];
  offer($("view"), views.map((view, k) => [k, view.name]));
  const labels = Object.keys(schemes);
  const entries = labels.map((label) => [label, data.looks[data.dims.scheme.values.indexOf(label)].label]);
  offer($("left"), entries);
  offer($("right"), entries, labels[1] ?? labels[0]);
  for (const id of ["right-choice", "right-figure"]) $(id).hidden = labels.length < 2;
  drawPatterns();
}

function drawPatterns() {
  const { patterns } = data;
  const { schemes, views } = patterns.draws[$("draw").value];
  const { ranges_m: ranges, angles_deg: angles } = views[$("view").value];
  const sides = Object.keys(schemes).length > 1 ? ["left", "right"] : ["left"];
  const shown = sides.map((side) => schemes[$(side).value]);
  const levels = shown.map((each) => each.half_db[$("view").value]);
  const highest = Math.max(...levels.map((each) => Math.max(...each))) / 2;
  const span = angles.at(-1) - angles[0];
  sides.forEach((side, which) => {
    const z = ranges.map((_, r) => levels[which].slice(r * angles.length, (r + 1) * angles.length).map((level) => level / 2));
    const image = {
      type: "heatmap", x: angles, y: ranges, z, zmin: highest - 50, zmax: highest, colorscale: "Viridis",
      hovertemplate: "%{x:.4~g}°, %{y:.4~g} m: %{z:.1f} dB<extra></extra>", colorbar: { title: { text: "dB", side: "top" }, thickness: 12, len: 1 },
    };
    const marks = Object.entries(shown[which].places).map(([kind, at]) => ({
      type: "scatter", mode: "markers", name: kind, x: at.map((place) => place[1]), y: at.map((place) => place[0]),
      marker: { ...MARKS[kind.replace(/s$/, "")], line: { color: "#fff", width: 1.5 } }, hovertemplate: `${kind}: %{x:.1f}°, %{y:.3g} m<extra></extra>`,
    }));
    const axis = { automargin: true, zeroline: false, showgrid: false, ticks: "outside" };
    const layout = {
      font: FONT, margin: { l: 50, r: 10, t: 34, b: 45 }, hovermode: "closest",
      legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom" },
      xaxis: { ...axis, title: { text: "Angle (deg)" }, range: ends(angles), ...(span > 100 ? { dtick: span > 200 ? 45 : 30 } : {}) },
      yaxis: { ...axis, title: { text: "Range (m)" }, range: ends(ranges) },
    };
    Plotly.react(`${side}-pattern`, [image, ...marks], layout, CONFIG);
    // the other one may have come or gone since this one was as wide as it is
    Plotly.Plots.resize(`${side}-pattern`);
    $(`${side}-name`).textContent = $(side).selectedOptions[0].text;
  });
  const point = Object.entries(patterns.point).map(([dim, value]) => `${lowered(data.dims[dim].label)} ${value}`).join(", ");
  const sided = angles.at(-1) > 180 ? " Beyond 90° is the transmission side of the surface." : "";
  $("caption").textContent = `Power that all beams together send, over 1 W and without the loss of the path, so that a focus shows as a peak in range; both on one colour scale.${$("view").value === "0" ? " Each cell shows its brightest direction." : ""} Draw ${$("draw").value}, at ${point}.${sided}`;
}

function ends(values) {
  const half = (values[1] - values[0]) / 2;
  return [values[0] - half, values.at(-1) + half];
}
