// Requests that htmx sends: none from a hidden tab that only polls, and a failure is said on the page.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.hasAttribute("data-polls")) event.preventDefault();
});

function say(words, traceId) {
  const place = document.getElementById("trouble");
  if (!place) return;
  place.className = "notice bad";
  place.textContent = traceId ? `${words} Trace id ${traceId}.` : words;
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const reason = page.querySelector("h1")?.textContent ?? `The server answered ${xhr.status}.`;
  const more = page.querySelector("main p:not(.brand)")?.textContent ?? "";
  say(`${reason}. ${more}`, xhr.getResponseHeader("chroma-trace-id"));
});
document.addEventListener("htmx:sendError", () => {
  say("The server could not be reached. Look at your connection and try again; nothing was lost.");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const place = document.getElementById("trouble");
  if (place && event.detail.successful) place.hidden = true;
});

// A passkey that was not used is no failure of the page: say so in it.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const trouble = document.getElementById("passkey-trouble");
  if (trouble) trouble.hidden = false;
});
