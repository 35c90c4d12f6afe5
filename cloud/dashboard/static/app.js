// What pages gain when scripts run: copying, closing menus, dialogs, switching theme without a reload.
// Everything here is on top: each page reads and posts without it.
"use strict";

// Buttons that need a script are hidden until one runs.
function showScripted(root) {
  for (const element of root.querySelectorAll("[data-scripted]")) element.hidden = false;
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const text = source.value ?? source.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS browsers offer no clipboard; the older way works on a selection.
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    document.execCommand("copy");
  }
  const label = button.querySelector("[data-label]");
  const before = label.dataset.label || label.textContent;
  label.dataset.label = before;
  label.textContent = "Copied";
  setTimeout(() => { label.textContent = before; }, 2000);
}

function chooseTheme(button) {
  const theme = button.value;
  if (theme === "system") {
    delete document.documentElement.dataset.theme;
    document.cookie = "theme=; path=/; max-age=0; samesite=lax";
  } else {
    document.documentElement.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  }
  for (const other of button.form.querySelectorAll("[name=theme]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("DOMContentLoaded", () => showScripted(document));
document.addEventListener("htmx:load", (event) => showScripted(event.target.parentNode ?? document));

document.addEventListener("click", (event) => {
  const button = event.target.closest("button, a");
  closeMenus(event.target.closest("details.menu"));
  if (button?.dataset.copy) copy(button);
  if (button?.hasAttribute("data-close") && button.closest("dialog")) {
    event.preventDefault();
    button.closest("dialog").close();
  }
  if (event.target.matches("dialog")) event.target.close(); // a click beside it
});

document.addEventListener("submit", (event) => {
  if (event.submitter?.name === "theme") {
    event.preventDefault();
    chooseTheme(event.submitter);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.menu[open]");
  closeMenus();
  menu?.querySelector("summary").focus();
});

// What was put into the dialog is shown in it; the browser keeps the focus inside and gives it back.
document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.detail.target;
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
});

// Nobody looks at a hidden tab: do not ask for it.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.hasAttribute("data-polls")) event.preventDefault();
});

// A passkey that was not used is no failure of the page: say so in it.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const trouble = document.getElementById("passkey-trouble");
  if (trouble) trouble.hidden = false;
});
