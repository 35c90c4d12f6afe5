// The palette: Ctrl or ⌘ and K, a part of a name, Enter. A combobox as ARIA describes it: the field keeps the focus, and
// says by aria-activedescendant which option is chosen. Names come as text and are put in as text.
const dialog = document.getElementById("palette");
const field = dialog?.querySelector("input");
const box = dialog?.querySelector("[role=listbox]");
const told = dialog?.querySelector("[role=status]");
const TYPING_MS = 120;
const SVG = "http://www.w3.org/2000/svg";
let asking = null;
let waiting = 0;
let drawnFor = null; // what the list answers; a fast typist's Enter comes before the answer, and waits for it
let goesAtOnce = false;

const options = () => [...box.querySelectorAll("[role=option]")];

function choose(option) {
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  if (option) {
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    field.removeAttribute("aria-activedescendant");
  }
}

function icon(name) {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", "icon");
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${dialog.dataset.icons}#${name}`);
  drawn.append(use);
  return drawn;
}

function text(words, style) {
  const element = document.createElement("span");
  element.className = style;
  element.textContent = words;
  return element;
}

function draw(groups) {
  let number = 0;
  box.replaceChildren(
    ...groups.map((group, place) => {
      const part = document.createElement("div");
      part.setAttribute("role", "group");
      const label = text(group.label, "group-label");
      label.id = `palette-group-${place}`;
      part.setAttribute("aria-labelledby", label.id);
      part.append(
        label,
        ...group.options.map((one) => {
          const option = document.createElement("a");
          option.setAttribute("role", "option");
          option.id = `palette-option-${number++}`;
          option.tabIndex = -1;
          option.href = one.address;
          option.append(icon(one.icon ?? group.icon), text(one.label, "grow name"), text(one.more, "quiet small"));
          return option;
        }),
      );
      return part;
    }),
  );
  const found = options();
  field.setAttribute("aria-expanded", String(found.length > 0));
  choose(found[0]);
  told.textContent = found.length ? `${found.length} found` : "Nothing has this in its name.";
  told.classList.toggle("sr-only", found.length > 0);
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const asked = field.value.trim();
  const address = `${dialog.dataset.find}?${new URLSearchParams({ q: asked })}`;
  try {
    const answer = await fetch(address, { signal, headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    draw((await answer.json()).groups);
    drawnFor = asked;
    if (goesAtOnce) options()[0]?.click();
    goesAtOnce = false;
  } catch (error) {
    if (error.name === "AbortError") return;
    draw([]);
    told.textContent = "The search did not work just now. Try again in a moment.";
  }
}

function open() {
  if (!dialog || document.querySelector("dialog[open]")) return;
  field.value = "";
  box.replaceChildren();
  told.textContent = "";
  drawnFor = null;
  goesAtOnce = false;
  dialog.showModal();
  field.focus();
  ask();
}

field?.addEventListener("input", () => {
  goesAtOnce = false;
  clearTimeout(waiting);
  waiting = setTimeout(ask, TYPING_MS);
});
field?.addEventListener("keydown", (event) => {
  const found = options();
  const place = found.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && found.length) {
    event.preventDefault();
    choose(found[(place + step + found.length) % found.length]);
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    if (field.value.trim() === drawnFor) {
      found[place]?.click();
    } else {
      goesAtOnce = true;
      clearTimeout(waiting);
      ask();
    }
  }
});
box?.addEventListener("pointermove", (event) => {
  const option = event.target.closest("[role=option]");
  if (option?.getAttribute("aria-selected") === "false") choose(option);
});
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    if (!dialog) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  }
});
for (const button of document.querySelectorAll("[data-opens-palette]")) button.addEventListener("click", open);
