// What was put into a dialog is shown in it; the browser keeps the focus inside and gives it back.
document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.detail.target;
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
});

document.addEventListener("click", (event) => {
  const closing = event.target.closest("[data-close]");
  if (closing?.closest("dialog")) {
    event.preventDefault();
    closing.closest("dialog").close();
  }
  if (event.target.matches("dialog")) event.target.close(); // a click beside it
});
