// Lists that are sorted, filtered and paged in place. Each link and the form work without this: then the whole page
// is loaded. The address always says what is shown, so that it can be kept, sent and gone back to.
const list = document.getElementById("list");
const form = document.querySelector("[data-list-form]");
const TYPING_MS = 250;
let waiting = 0;

// The form sends only what narrows the list: short addresses, and one address for one list.
function addressOf(data) {
  const query = new URLSearchParams();
  for (const [name, value] of data) if (value && !(name === "sort" && value === "name") && !(name === "order" && value === "asc")) query.set(name, value);
  return `${location.pathname}${query.size ? `?${query}` : ""}`;
}

function follow(address) {
  if (!form) return;
  const query = new URL(address, location.href).searchParams;
  for (const field of form.elements) {
    if (!field.name || field === document.activeElement) continue;
    const first = field.tagName === "SELECT" ? field.options[0].value : "";
    field.value = query.get(field.name) ?? first;
  }
}

async function show(address, { isStep }) {
  let isShown = false;
  const note = (event) => { if (event.detail.target === list) isShown = true; };
  list.addEventListener("htmx:afterSwap", note);
  await htmx.ajax("GET", address, { source: list, target: list, swap: "innerHTML" });
  list.removeEventListener("htmx:afterSwap", note);
  if (!isShown) return; // refused, or overtaken by the next request
  history[isStep ? "pushState" : "replaceState"]({ isList: true }, "", address);
  follow(address);
  if (isStep) {
    list.focus({ preventScroll: true });
    list.closest(".card").scrollIntoView({ block: "nearest" });
  }
}

list?.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-list-link]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(link.getAttribute("href") === "?" ? location.pathname : link.href, { isStep: true });
});
form?.addEventListener("input", (event) => {
  clearTimeout(waiting);
  const delay = event.target.tagName === "SELECT" ? 0 : TYPING_MS;
  waiting = setTimeout(() => show(addressOf(new FormData(form)), { isStep: false }), delay);
});
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  show(addressOf(new FormData(form)), { isStep: false });
});
addEventListener("popstate", () => location.reload());

// A button whose work takes a second or two is pressed once.
for (const once of document.querySelectorAll("form[data-once]")) {
  const button = once.querySelector("button");
  const label = button.querySelector("[data-label]");
  const words = label.textContent;
  once.addEventListener("submit", () => {
    label.textContent = "Loading…";
    button.setAttribute("aria-disabled", "true");
  });
  button.addEventListener("click", (event) => { if (button.getAttribute("aria-disabled") === "true") event.preventDefault(); });
  addEventListener("pageshow", () => {
    label.textContent = words;
    button.removeAttribute("aria-disabled");
  });
}
