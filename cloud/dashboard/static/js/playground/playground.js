// The playground: two panes, what moved between them, the link that brings them back, what was run before.
import { make } from "./dom.js";
import { Pane } from "./pane.js";
import { EMPTY, fromFragment, sound, toFragment, tooLong } from "./state.js";

const MOST_PAST = 20;
const MOST_PAST_CHARACTERS = 200_000;

const root = document.getElementById("playground");
const compareButton = root.querySelector("[data-compare]");
const runBoth = root.querySelector("[data-run-both]");
const linkTrouble = root.querySelector("[data-link-trouble]");
const about = {
  place: JSON.parse(root.dataset.place),
  keys: JSON.parse(root.dataset.keys),
  dimension: root.dataset.dimension ? Number(root.dataset.dimension) : null,
};

const [a, b] = [...root.querySelectorAll("[data-pane]")].map((element) => new Pane(element, about, { changed() {}, ran }));
const panes = () => (isComparing() ? [a, b] : [a]);

// --- two panes -------------------------------------------------------------------------------------

const isComparing = () => "comparing" in root.dataset;

function compare(isOn) {
  root.toggleAttribute("data-comparing", isOn);
  b.root.hidden = !isOn;
  runBoth.hidden = !isOn;
  compareButton.setAttribute("aria-pressed", String(isOn));
  mark();
}

function mark() {
  const hasBoth = isComparing() && a.results.lists.length && b.results.lists.length;
  a.results.compare(hasBoth ? b.results : null, "B");
  b.results.compare(hasBoth ? a.results : null, "A");
}

compareButton.addEventListener("click", () => {
  const isOn = !isComparing();
  if (isOn && !b.results.lists.length) b.state = a.state; // begin with the same, and change one thing
  compare(isOn);
  writeLink();
});

async function runAll() {
  await Promise.all(panes().map((pane) => pane.run()));
}

runBoth.addEventListener("click", runAll);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) {
    event.preventDefault();
    runAll();
  }
});

function ran() {
  mark();
  writeLink();
  remember();
}

// --- the link --------------------------------------------------------------------------------------

function say(message) {
  linkTrouble.textContent = message;
  linkTrouble.hidden = !message;
}

// The address of this page brings back what was run, as long as it is short enough.
function writeLink() {
  const fragment = toFragment(panes().map((pane) => pane.state));
  const reason = tooLong(fragment);
  history.replaceState(null, "", reason ? location.pathname : location.pathname + fragment);
  if (!reason) say("");
  return reason;
}

function readLink() {
  try {
    const found = fromFragment(location.hash);
    if (found) restore(found);
  } catch (error) {
    say(error.message);
  }
}

function restore(states) {
  states.forEach((state, at) => { [a, b][at].state = state; });
  compare(states.length === 2);
}

root.querySelector("[data-link]").addEventListener("click", async (event) => {
  const reason = writeLink();
  say(reason);
  if (reason) return;
  const label = event.currentTarget.querySelector("[data-label]");
  try {
    await navigator.clipboard.writeText(location.href);
    label.textContent = "Copied";
  } catch {
    label.textContent = "It is in the address bar";
  }
  setTimeout(() => { label.textContent = "Copy link"; }, 2000);
});
window.addEventListener("hashchange", readLink);

// --- what was run before: in this tab, and nowhere else ---------------------------------------------

const pastKey = `tessera-playground:${root.dataset.history}`;
const pastList = root.querySelector("[data-list]");
const forget = root.querySelector("[data-forget]");

function past() {
  try {
    const found = JSON.parse(sessionStorage.getItem(pastKey) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => Array.isArray(one?.panes) && one.panes.length) : [];
  } catch {
    return [];
  }
}

function keep(entries) {
  let kept = entries.slice(0, MOST_PAST);
  while (kept.length && JSON.stringify(kept).length > MOST_PAST_CHARACTERS) kept = kept.slice(0, -1);
  try {
    sessionStorage.setItem(pastKey, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing: the page works without a history.
  }
}

function remember() {
  const states = panes().map((pane) => pane.state);
  const same = JSON.stringify(states);
  keep([{ at: Date.now(), panes: states }, ...past().filter((one) => JSON.stringify(one.panes) !== same)]);
  showPast();
}

function inShort(state) {
  const what = {
    get: () => `limit ${state.limit}, offset ${state.offset}`,
    search: () => state.search.replace(/\s+/g, " "),
    query: () => (state.source === "record" ? `like ${state.record}` : state.source === "vector" ? `vector ${state.vector}` : `text ${state.text}`),
  }[state.kind]();
  const filter = state.kind !== "search" && state.where ? ` where ${state.where.replace(/\s+/g, " ")}` : "";
  return `${state.kind} ${what}${filter}`.slice(0, 160);
}

function showPast() {
  const entries = past();
  pastList.replaceChildren(...entries.map((one) => make("li", {}, make("button", {
    type: "button",
    onclick: () => {
      restore(one.panes.slice(0, 2).map(sound));
      root.querySelector(".history").open = false;
      a.form.querySelector("[data-run]").focus();
    },
  }, ...one.panes.slice(0, 2).map((state) => make("span", { text: inShort({ ...EMPTY, ...sound(state) }) })),
  make("time", { class: "quiet", datetime: new Date(one.at).toISOString(), text: new Date(one.at).toLocaleTimeString() })))));
  root.querySelector("[data-none]").hidden = entries.length > 0;
  forget.hidden = entries.length === 0;
}

forget.addEventListener("click", () => {
  sessionStorage.removeItem(pastKey);
  showPast();
});

readLink();
showPast();
