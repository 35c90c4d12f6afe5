// A file goes up in pieces, each kept as it arrives: a broken connection goes on behind the last one.
// Without a script the form sends the file in one piece.
const PIECE_BYTES = 8 * 1024 * 1024;
const WAITS_MS = [1000, 2000, 5000, 10000, 20000];

const form = document.getElementById("import-form");
if (form) form.addEventListener("submit", (event) => { event.preventDefault(); run(form); });

function headers(form, more) {
  return { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, ...more };
}

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const error = new Error(body.message ?? `The server answered ${response.status}.`);
  error.isFinal = response.status >= 400 && response.status < 500 && response.status !== 429;
  error.traceId = response.headers.get("chroma-trace-id");
  throw error;
}

// fetch tells nothing of what was sent so far, so a piece goes by XMLHttpRequest.
function put(form, address, piece, report) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    for (const [name, value] of Object.entries(headers(form, { "Content-Type": "application/octet-stream" }))) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => report(event.loaded);
    request.onload = () => resolve(new Response(request.responseText, {
      status: request.status,
      headers: { "chroma-trace-id": request.getResponseHeader("chroma-trace-id") ?? "" },
    }));
    request.onerror = () => reject(new Error("The connection broke off."));
    request.send(piece);
  });
}

async function begin(form, file) {
  const query = new URLSearchParams({ file_name: file.name, size_bytes: file.size });
  const chosen = form.elements.file_format.value;
  if (chosen) query.set("format", chosen);
  query.set("operation", form.elements.operation.value);
  const made = await answer(await fetch(`${form.dataset.upload}?${query}`, { method: "POST", headers: headers(form) }));
  const place = form.dataset.upload.replace(/\/collections\/[^/]+\/imports$/, `/transfers/${made.id}`);
  return { content: `${place}/content`, offset: 0, page: `${form.dataset.pages}/${made.id}` };
}

async function send(form, file, upload, show) {
  let failures = 0;
  while (upload.offset < file.size) {
    const piece = file.slice(upload.offset, upload.offset + PIECE_BYTES);
    try {
      const address = `${upload.content}?offset=${upload.offset}`;
      const response = await put(form, address, piece, (sent) => show(upload.offset + sent));
      upload.offset = (await answer(response)).stored_bytes;
      failures = 0;
    } catch (error) {
      if (error.isFinal || failures >= WAITS_MS.length) throw error;
      show(upload.offset, `${error.message} Trying again.`);
      await new Promise((resume) => setTimeout(resume, WAITS_MS[failures]));
      failures += 1;
      const known = await fetch(upload.content.replace(/\/content$/, "")).then(answer).catch(() => null);
      if (known) upload.offset = known.stored_bytes;
    }
  }
}

async function run(form) {
  const [file] = form.elements.file.files;
  if (!file) return;
  const state = form.querySelector("[data-upload-state]");
  const words = state.querySelector("[data-upload-words]");
  const button = form.querySelector("button:not([type=button])");
  const show = (bytes, text = `Uploading ${file.name}. Leave this page open.`) => {
    const percent = Math.floor((100 * Math.min(bytes, file.size)) / file.size);
    state.querySelector("progress").value = percent;
    state.querySelector("[data-upload-number]").textContent = `${percent} %`;
    if (words.textContent !== text) words.textContent = text;
  };
  state.hidden = false;
  words.classList.remove("bad");
  button.disabled = true;
  try {
    const wanted = Number(form.dataset.sizeBytes || form.dataset.mostBytes || Infinity);
    if (!file.size) throw new Error("The file is empty.");
    if (form.dataset.sizeBytes && file.size !== wanted) throw new Error(`This is another file: it has ${file.size} bytes, not ${wanted}.`);
    if (file.size > wanted) throw new Error(`The file has ${file.size} bytes; ${wanted} are allowed.`);
    const upload = form.dataset.uploadContent
      ? { content: form.dataset.uploadContent, offset: Number(form.dataset.storedBytes), page: location.pathname }
      : await begin(form, file);
    await send(form, file, upload, show);
    show(file.size, "The file is there.");
    location.assign(upload.page);
  } catch (error) {
    words.textContent = error.traceId ? `${error.message} Trace id ${error.traceId}.` : error.message;
    words.classList.add("bad");
    button.disabled = false;
  }
}
