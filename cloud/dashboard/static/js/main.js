// What every page gains when scripts run. Everything here is on top: each page reads and posts without it.
// A page that needs more loads its own module beside this one (block `scripts`).
import "./copying.js";
import "./menus.js";
import "./dialogs.js";
import "./theme.js";
import "./requests.js";
import "./charts.js";

// Buttons that need a script are hidden until one runs.
function showScripted(root) {
  for (const element of root.querySelectorAll("[data-scripted]")) element.hidden = false;
}

showScripted(document);
document.addEventListener("htmx:load", (event) => showScripted(event.target.parentNode ?? document));
