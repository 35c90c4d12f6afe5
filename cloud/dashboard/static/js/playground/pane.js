// One pane: the fields of a request, the builder beside its filter, the code of it, what it found.
import { Builder } from "./builder.js";
import { LANGUAGES, bodyOf } from "./code.js";
import { array, member, object, parse, string, write } from "./json.js";
import { readOutcome, Results } from "./results.js";
import { Complaint, requestOf, sound } from "./state.js";
import { read, toText } from "./where.js";

const FIELDS = ["record", "vector", "text", "count", "limit", "offset", "where", "search"];

export class Pane {
  // about: {place, keys, dimension}; changed: called when what is asked changes
  constructor(root, about, { changed, ran }) {
    Object.assign(this, { root, about, changed, ran });
    this.name = root.dataset.pane;
    this.form = root.querySelector("[data-ask]");
    this.language = "python";
    this.isRead = true; // whether the builder shows what the JSON says
    this.results = new Results(root.querySelector(".found"), (id) => this.like(id));
    this.builder = new Builder(root.querySelector("[data-builder]"), `${this.name}-clause`, about.keys, (tree) => this.built(tree));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.run(); });
    this.form.addEventListener("input", (event) => this.typed(event.target));
    this.form.addEventListener("click", (event) => this.clicked(event.target.closest("button")));
    this.readWhere();
    this.view(this.isRead ? "builder" : "json");
    this.arrange();
  }

  field(name) {
    return this.form.elements[name];
  }

  // --- what is asked -------------------------------------------------------------------------------

  get state() {
    const state = { kind: this.field("kind").value, source: this.field("source").value };
    for (const name of FIELDS) state[name] = this.field(name).value;
    state.include = this.includes().filter((one) => one.checked).map((one) => one.value).join(",");
    return sound(state);
  }

  includes() {
    return [...this.form.querySelectorAll('[name="include"]')];
  }

  // Fields that are empty in a link keep what the page began with.
  set state(state) {
    this.field("kind").value = state.kind;
    this.field("source").value = state.source;
    for (const name of FIELDS) this.field(name).value = state[name] || (name === "where" ? "" : this.field(name).defaultValue);
    for (const one of this.includes()) one.checked = state.include.split(",").includes(one.value);
    this.readWhere();
    this.arrange();
  }

  request() {
    return requestOf(this.state, { dimension: this.about.dimension, tree: this.isRead ? this.builder.tree : null });
  }

  // --- the filter ----------------------------------------------------------------------------------

  built(tree) {
    this.isRead = true;
    this.field("where").value = toText(tree);
    this.say("where", "");
    this.arrange();
  }

  // JSON that is none leaves the builder as it was.
  readWhere() {
    try {
      const tree = read(this.field("where").value);
      this.builder.show(tree);
      this.isRead = true;
      this.say("where", "");
    } catch (error) {
      this.isRead = false;
      this.say("where", error.message);
    }
  }

  view(name) {
    this.root.querySelector("[data-builder]").hidden = name !== "builder";
    this.root.querySelector("[data-json]").hidden = name !== "json";
    for (const button of this.form.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === name));
  }

  // --- what the fields do --------------------------------------------------------------------------

  typed(field) {
    if (field.name === "where") this.readWhere();
    else if (field.name) this.say(field.name, "");
    this.arrange();
  }

  clicked(button) {
    if (button?.dataset.view) this.view(button.dataset.view);
    if (button?.dataset.language) {
      this.language = button.dataset.language;
      this.arrange();
    }
    if (button && "insert" in button.dataset) this.insert();
  }

  // Show what belongs to the kind and the source, and the code of it.
  arrange() {
    const kind = this.field("kind").value;
    const source = this.field("source").value;
    for (const part of this.form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(kind);
    for (const part of this.form.querySelectorAll("[data-source]")) part.hidden = part.dataset.source !== source;
    const distances = this.includes().find((one) => one.value === "distances");
    distances.closest("label").hidden = kind === "get";
    for (const button of this.form.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", String(button.dataset.language === this.language));
    const code = document.getElementById(`${this.name}-code`);
    try {
      code.textContent = LANGUAGES[this.language][1](this.request(), this.about.place);
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      code.textContent = `# ${error.message}\n`;
    }
    this.changed();
  }

  // Beside a field, what is to be mended about it.
  say(name, message) {
    const place = this.form.querySelector(`[data-trouble="${name}"]`);
    const field = this.field(name);
    if (!place) return;
    place.textContent = message;
    place.hidden = !message;
    if (field instanceof HTMLElement) {
      field.toggleAttribute("aria-invalid", false);
      if (message) field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", place.id);
    }
  }

  like(id) {
    this.state = { ...this.state, kind: "query", source: "record", record: id };
    this.run();
  }

  // --- asking --------------------------------------------------------------------------------------

  async run() {
    let request;
    try {
      request = this.request();
      if (request.text !== null) throw new Complaint("text", "The service has no embedding model: paste a vector, or start from a record.");
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      this.say(error.field, error.message);
      const field = this.field(error.field);
      if (error.field === "where" && !this.isRead) this.view("json");
      if (field instanceof HTMLElement && field.offsetParent) field.focus();
      return false;
    }
    this.results.busy(true);
    const outcome = await this.ask(request);
    this.results.busy(false);
    if (outcome) {
      this.results.show(request.kind, outcome);
      this.ran(this);
    }
    return outcome !== null;
  }

  // The server's outcome; null when there is none, which is said, or when another run took over.
  async ask(request) {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const members = [["kind", string(request.kind)], ["body", bodyOf(request)]];
    if (request.similarTo !== null) members.push(["similar_to", string(request.similarTo)]);
    try {
      const response = await fetch(this.form.action, {
        method: "POST",
        body: write(object(members)),
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.field("csrfmiddlewaretoken").value },
        redirect: "manual",
        signal: asking.signal,
      });
      if (response.type === "opaqueredirect") {
        this.results.refuse("", "You are signed out.", "Sign in again in another tab, then run once more; nothing of this page is lost.");
      } else if (response.headers.get("Content-Type") === "application/json" && response.ok) {
        return readOutcome(await response.text());
      } else {
        this.refusedBy(response, await response.text());
      }
    } catch (error) {
      if (error.name === "AbortError") return null;
      this.results.refuse("", "The server could not be reached.", "Look at your connection and run once more.");
    }
    return null;
  }

  // A page in place of an answer: its heading says what happened. JSON comes from the outermost layers.
  refusedBy(response, text) {
    const traceId = response.headers.get("chroma-trace-id");
    if (response.headers.get("Content-Type") === "application/json") {
      const answer = readOutcome(text);
      this.results.refuse(response.status, answer.get("error"), answer.get("message"), traceId);
      return;
    }
    const page = new DOMParser().parseFromString(text, "text/html");
    const reason = page.querySelector("h1")?.textContent ?? "The server refused.";
    this.results.refuse(response.status, reason, page.querySelector("main p:not(.brand)")?.textContent ?? "", traceId);
  }

  // Into each $knn of the search, the vector of a record.
  async insert() {
    const id = this.form.querySelector("[data-insert-id]").value;
    try {
      const body = parse(this.field("search").value);
      const members = [["ids", array([string(id)])], ["include", array([string("embeddings")])]];
      const outcome = await this.ask({ kind: "get", members, similarTo: null });
      if (!outcome) return;
      const [embedding] = (outcome.get("status") === 200 && outcome.get("answer").get("embeddings")) || [];
      if (!embedding) throw new Error(`No record has the id “${id}”.`);
      const vector = parse(JSON.stringify(embedding));
      if (!putIntoKnn(body, vector)) throw new Error("There is no $knn with a “query” in this body.");
      this.field("search").value = write(body, { indent: "  " });
      this.say("search", "");
      this.arrange();
    } catch (error) {
      this.say("search", error.message);
    }
  }
}

// Whether there was a place for it.
function putIntoKnn(node, vector) {
  if (node.type === "array") return node.parts.map((part) => putIntoKnn(part, vector)).some(Boolean);
  if (node.type !== "object") return false;
  return node.members.map((one) => {
    if (one.key === "$knn" && one.value.type === "object" && member(one.value, "query")) {
      one.value.members.find((inner) => inner.key === "query").value = vector;
      return true;
    }
    return putIntoKnn(one.value, vector);
  }).some(Boolean);
}
