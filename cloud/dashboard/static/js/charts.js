// Draws a picture from the table of each chart with uPlot (a page that has charts loads it: `uPlot`).
// An empty cell is a gap. Colours are those of the theme, and follow it.
const SPLINELESS = { points: { show: false } };

function colour(name) {
  // A canvas does not know light-dark(): let an element resolve it.
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

function read(table) {
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const rows = [...table.tBodies[0].rows];
  const times = rows.map((row) => Number(row.cells[0].dataset.value));
  const columns = heads.map((_, at) =>
    rows.map((row) => (row.cells[at + 1].dataset.value === "" ? null : Number(row.cells[at + 1].dataset.value))),
  );
  return { heads, times, columns };
}

const SIZES = ["", "k", "M", "G", "T"];
function short(value, unit) {
  if (value === null) return "–";
  const base = unit === "bytes" ? 1024 : 1000;
  let at = 0;
  while (Math.abs(value) >= base && at < SIZES.length - 1) { value /= base; at += 1; }
  return `${Number(value.toPrecision(3))}${SIZES[at]}`;
}

function stacked(columns) {
  const sums = columns[0]?.map(() => 0) ?? [];
  return columns.map((column) => column.map((value, at) => (value === null ? null : (sums[at] += value))));
}

function draw(figure) {
  const place = figure.querySelector("[data-plot]");
  const table = figure.querySelector("table");
  if (!place || !table) return;
  const { kind, unit } = figure.dataset;
  const { heads, times, columns } = read(table);
  const isStack = kind === "stack";
  const drawn = isStack ? stacked(columns) : columns;
  const order = [...drawn.keys()];
  if (isStack) order.reverse(); // the tallest first, so that the others stand before it
  const paths = kind === "line" ? {} : { paths: uPlot.paths.bars({ size: [0.8, 40], align: 1 }) };
  const series = order.map((at) => {
    const stroke = colour(`tone-${heads[at].dataset.tone}`);
    return {
      label: heads[at].textContent,
      stroke,
      width: kind === "line" ? 1.75 : 0,
      fill: kind === "line" ? undefined : stroke,
      spanGaps: false,
      value: (_, __, ___, index) => short(index === null ? null : columns[at][index], unit),
      ...(kind === "line" ? { points: { show: times.length < 60, size: 5 } } : SPLINELESS),
      ...paths,
    };
  });
  const line = colour("line");
  const axis = { stroke: colour("quiet"), grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const step = Number(figure.dataset.step);
  place.replaceChildren();
  return new uPlot(
    {
      width: place.clientWidth,
      height: 220,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      cursor: { y: false },
      legend: { live: true },
      scales: { x: { range: (_, low, high) => [low, Math.max(high, low) + (kind === "line" ? 0 : step)] }, y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
      axes: [
        { ...axis },
        { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => short(tick, unit)) },
      ],
      series: [{ label: "Time", value: (_, seconds) => (seconds === null ? "–" : new Date(seconds * 1000).toISOString().slice(0, step % 86400 ? 16 : 10).replace("T", " ")) }, ...series],
    },
    [times, ...order.map((at) => drawn[at])],
    place,
  );
}

const drawings = new Map();

function drawAll(root) {
  if (typeof uPlot === "undefined") return;
  for (const figure of root.querySelectorAll("[data-chart]")) {
    drawings.get(figure)?.destroy();
    figure.querySelector("[data-twin]")?.removeAttribute("open");
    const drawing = draw(figure);
    if (drawing) drawings.set(figure, drawing);
  }
}

drawAll(document);
document.addEventListener("htmx:load", (event) => drawAll(event.target.parentNode ?? document));
document.addEventListener("themechange", () => drawAll(document));
let resizing;
window.addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => {
    for (const [figure, drawing] of drawings) {
      if (figure.isConnected) drawing.setSize({ width: figure.querySelector("[data-plot]").clientWidth, height: 220 });
      else drawings.delete(figure);
    }
  }, 150);
});
