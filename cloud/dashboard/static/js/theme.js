// Light, dark or the system's: at once here, and by a post and a redirect without a script.
function choose(button) {
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
  document.dispatchEvent(new Event("themechange"));
}

document.addEventListener("submit", (event) => {
  if (event.submitter?.name === "theme") {
    event.preventDefault();
    choose(event.submitter);
  }
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.dispatchEvent(new Event("themechange"));
});
