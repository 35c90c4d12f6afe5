// Elements made by hand: texts are texts, never markup.
const SVG = "http://www.w3.org/2000/svg";

// attributes: `text` is the content, `on…` a listener, true and false set or leave out
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") element.textContent = value;
    else if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (key === "value") element.value = value;
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// A symbol of the page's own set, whose address another icon of the page has.
export function icon(name) {
  const found = document.querySelector("svg.icon use");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${(found?.getAttribute("href") ?? "").split("#")[0]}#${name}`);
  svg.append(use);
  return svg;
}

export function choice(options, chosen, attributes) {
  const select = make("select", attributes);
  for (const [value, label] of Object.entries(options)) {
    select.append(make("option", { value, text: label, selected: value === chosen }));
  }
  select.value = chosen;
  return select;
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

// As the pages of the server say it.
export function inBytes(count) {
  let [amount, unit] = [count, 0];
  while (amount >= 1024 && unit < UNITS.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${unit === 0 || amount >= 100 ? amount.toFixed(0) : amount.toFixed(1)} ${UNITS[unit]}`;
}
