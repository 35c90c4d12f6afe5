// Buttons that copy: `data-copy` names the element, `data-copy-near` takes the code of the same snippet.
function sourceOf(button) {
  if (button.dataset.copy) return document.getElementById(button.dataset.copy);
  return button.closest(".snippet").querySelector("code");
}

async function copy(button) {
  const source = sourceOf(button);
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
  label.dataset.label ||= label.textContent;
  label.textContent = "Copied";
  setTimeout(() => { label.textContent = label.dataset.label; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-near]");
  if (button) copy(button);
});

// Buttons that save: `data-save` names the element whose text becomes a file named `data-filename`.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-save]");
  if (!button) return;
  const source = document.getElementById(button.dataset.save);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([source.value ?? source.textContent], { type: "text/plain" }));
  link.download = button.dataset.filename;
  link.click();
  URL.revokeObjectURL(link.href);
});
