// Tries a key as a client would: over the API, from this browser. The key goes nowhere else.
const form = document.getElementById("connection");
const steps = document.getElementById("connection-steps");

function add(isGood, words) {
  const step = document.createElement("li");
  step.className = `notice ${isGood ? "good" : "bad"}`;
  step.textContent = words;
  steps.append(step);
}

async function ask(path, key) {
  const started = performance.now();
  const answer = await fetch(path, { headers: { "x-chroma-token": key }, credentials: "omit", cache: "no-store" });
  const body = await answer.json().catch(() => ({}));
  return { ok: answer.ok, status: answer.status, body, took: Math.round(performance.now() - started), trace: answer.headers.get("chroma-trace-id") };
}

function why(answer) {
  return `${answer.body.message ?? `The server answered ${answer.status}.`}${answer.trace ? ` Trace id ${answer.trace}.` : ""}`;
}

async function test(key) {
  const { tenant, database, identity } = form.dataset;
  const who = await ask(identity, key);
  if (!who.ok) return add(false, `The key was refused: ${why(who)} Check that it was copied whole, and that it was not revoked.`);
  add(true, `The key was accepted, in ${who.took} ms.`);
  if (who.body.tenant !== tenant) return add(false, `It belongs to another tenant: ${who.body.tenant}.`);
  const place = `/api/v2/tenants/${encodeURIComponent(tenant)}/databases/${encodeURIComponent(database)}/collections_count`;
  const count = await ask(place, key);
  if (!count.ok) return add(false, `It does not reach the database ${database}: ${why(count)}`);
  add(true, `The database ${database} answered in ${count.took} ms: ${count.body} collection${count.body === 1 ? "" : "s"}.`);
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  steps.replaceChildren();
  const field = form.querySelector("input");
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await test(field.value.trim());
  } catch {
    add(false, "The server could not be reached. Look at your connection and try again.");
  } finally {
    button.disabled = false;
  }
});

// Choosing a database shows it at once; without a script there is a button.
for (const select of document.querySelectorAll("[data-submits]")) {
  select.form.querySelector("[data-submit]").hidden = true;
  select.addEventListener("change", () => select.form.submit());
}
