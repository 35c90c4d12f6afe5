// Keys without a modifier: `?` shows them, `/` goes to the page's search, `g` and a letter to a page. None while somebody
// types or a dialog is open, and none at all for who turned them off (WCAG 2.1.4).
const KEPT = "shortcuts";
const SEQUENCE_MS = 1500;
let begun = 0;

function isOff() {
  try {
    return localStorage.getItem(KEPT) === "off";
  } catch {
    return false; // a browser that keeps nothing
  }
}

function isTyping(element) {
  return element instanceof Element && element.closest("input, textarea, select, [contenteditable]:not([contenteditable=false])") !== null;
}

function goTo(letter) {
  document.querySelector(`a[data-go="${CSS.escape(letter)}"]`)?.click();
}

document.addEventListener("keydown", (event) => {
  const isWithModifier = event.ctrlKey || event.metaKey || event.altKey;
  if (isWithModifier || event.isComposing || event.repeat || isOff()) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const isSecond = performance.now() - begun < SEQUENCE_MS;
  begun = 0;
  if (isSecond && /^[a-z]$/.test(event.key)) {
    event.preventDefault();
    goTo(event.key);
  } else if (event.key === "g") {
    begun = performance.now();
  } else if (event.key === "?") {
    event.preventDefault();
    document.getElementById("shortcuts")?.showModal();
  } else if (event.key === "/") {
    const search = document.querySelector("main [data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
});

for (const choice of document.querySelectorAll("[data-shortcuts]")) {
  choice.checked = !isOff();
  choice.addEventListener("change", () => {
    try {
      if (choice.checked) localStorage.removeItem(KEPT);
      else localStorage.setItem(KEPT, "off");
    } catch {
      choice.checked = true;
    }
  });
}
for (const button of document.querySelectorAll("[data-opens-shortcuts]")) {
  button.addEventListener("click", () => document.getElementById("shortcuts")?.showModal());
}
