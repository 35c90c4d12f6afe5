// Choosing records in a list: all of a page at once, and how many they are on the button.
function boxes(form) {
  return [...form.querySelectorAll('input[type="checkbox"][name="id"]')];
}

function tell(form) {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked).length;
  const count = form.querySelector("[data-chosen-count]");
  if (count) count.textContent = chosen ? ` (${chosen})` : "";
  const every = form.querySelector("[data-choose-all]");
  if (every) {
    every.checked = chosen > 0 && chosen === all.length;
    every.indeterminate = chosen > 0 && chosen < all.length;
  }
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-choosing]");
  if (!form) return;
  if (event.target.matches("[data-choose-all]")) {
    for (const box of boxes(form)) box.checked = event.target.checked;
  }
  tell(form);
});

// A browser that goes back restores the boxes.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-choosing]")) tell(form);
});
