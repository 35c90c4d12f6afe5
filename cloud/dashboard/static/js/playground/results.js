// The results of a pane: the page's own template, filled with texts.
import { inBytes, make } from "./dom.js";
import { parse, plain } from "./json.js";
import { inWords, listsOf, moves } from "./ranks.js";

const DOCUMENT_CHARACTERS = 600;
const VALUE_CHARACTERS = 120;
const NUMBERS = 4;

const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`);

function spelled(value) {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one instanceof Map ? Object.fromEntries(one) : one));
}

// What the server said of a run: parsed with every digit.
export function readOutcome(text) {
  return plain(parse(text));
}

export class Results {
  // place:    the section with the results
  // similar:  called with the id of a record, to ask for more like it
  constructor(place, similar) {
    Object.assign(this, { place, similar });
    this.template = document.getElementById("result").content.querySelector("[data-result]");
    this.lists = [];
  }

  part(name) {
    return this.place.querySelector(`[data-${name}]`);
  }

  busy(isBusy) {
    this.place.setAttribute("aria-busy", String(isBusy));
  }

  refuse(status, error, message, traceId) {
    this.lists = [];
    this.part("lists").replaceChildren();
    this.part("count").textContent = "";
    this.part("nothing").hidden = true;
    this.part("refused").hidden = false;
    this.part("error").textContent = [status, error].filter(Boolean).join(" ");
    this.part("message").textContent = message;
    this.part("trace").textContent = traceId ?? "";
    this.part("trace").parentElement.hidden = !traceId;
  }

  // outcome: a Map, as the server answered
  show(kind, outcome) {
    this.spent(outcome);
    if (outcome.get("status") !== 200) {
      const answer = outcome.get("answer");
      this.refuse(outcome.get("status"), answer.get("error"), answer.get("message"), outcome.get("trace_id"));
      return;
    }
    this.part("refused").hidden = this.part("nothing").hidden = true;
    this.lists = listsOf(kind, outcome.get("answer"));
    this.label = kind === "search" ? "score" : "distance";
    const counts = this.lists.map((list) => `${list.length} record${list.length === 1 ? "" : "s"}`);
    this.part("count").textContent = counts.join(", ");
    this.part("lists").replaceChildren(...this.lists.map((list, at) => this.list(list, at)));
  }

  spent(outcome) {
    this.part("spent").hidden = false;
    this.part("latency").textContent = `${outcome.get("duration_ms").toFixed(1)} ms`;
    this.part("units").textContent = String(outcome.get("units"));
    this.part("scanned").textContent = inBytes(Number(outcome.get("scanned_bytes")));
    this.part("returned").textContent = inBytes(Number(outcome.get("returned_bytes")));
    this.part("cost").textContent = outcome.get("cost");
  }

  list(results, at) {
    const list = make("ol", { class: "results", "aria-label": this.lists.length > 1 ? `List ${at + 1}` : null });
    if (!results.length) list.append(make("li", { class: "empty", text: "Nothing matches." }));
    list.append(...results.map((one, place) => this.result(one, place)));
    return list;
  }

  result(one, place) {
    const item = this.template.cloneNode(true);
    const put = (name, text) => {
      const element = item.querySelector(`[data-${name}]`);
      element.hidden = text === null;
      element.textContent = text ?? "";
    };
    put("place", String(place + 1));
    put("id", one.id);
    put("distance", one.distance === null ? null : `${this.label} ${one.distance}`);
    put("document", one.document === null ? null : cut(one.document, DOCUMENT_CHARACTERS));
    put("uri", one.uri);
    put("embedding", one.embedding === null ? null : firstNumbers(one.embedding));
    const metadata = item.querySelector("[data-metadata]");
    metadata.hidden = !one.metadata?.size;
    metadata.replaceChildren(...[...(one.metadata ?? [])].map(([name, value]) =>
      make("li", {}, make("span", { class: "quiet", text: cut(name, VALUE_CHARACTERS) }), ` ${cut(spelled(value), VALUE_CHARACTERS)}`)));
    const more = item.querySelector("[data-similar]");
    more.hidden = false;
    item.querySelector("[data-similar-to]").textContent = `: ${one.id}`;
    more.addEventListener("click", () => this.similar(one.id));
    return item;
  }

  // Mark what stands elsewhere in the other pane; without one, nothing is marked.
  compare(other, otherName) {
    this.part("lists").querySelectorAll("ol").forEach((list, at) => {
      const ids = (this.lists[at] ?? []).map((one) => one.id);
      const moved = other?.lists[at] ? moves(ids, other.lists[at].map((one) => one.id)) : null;
      list.querySelectorAll("[data-move]").forEach((badge, place) => {
        badge.hidden = !moved;
        if (!moved) return;
        const { mark, words } = inWords(moved[place], otherName);
        badge.className = `badge move ${moved[place].kind}`;
        badge.title = words;
        badge.replaceChildren(make("span", { "aria-hidden": "true", text: mark }), make("span", { class: "sr-only", text: words }));
      });
    });
  }
}

function firstNumbers(embedding) {
  const first = embedding.slice(0, NUMBERS).map((one) => Number(one.toPrecision(6))).join(", ");
  return `[${first}${embedding.length > NUMBERS ? ", …" : ""}] of ${embedding.length}`;
}
