// What a pane asks: its fields ⇄ a request of the wire ⇄ a part of the address. [pure]
import { array, number, parse, string, write } from "./json.js";
import { conditionsOf, lacks, membersOf, read } from "./where.js";

export const KINDS = ["query", "get", "search"];
export const SOURCES = ["record", "vector", "text"];
export const INCLUDES = ["documents", "metadatas", "distances", "uris", "embeddings"];
export const EMPTY = Object.freeze({
  kind: "query", source: "record", record: "", vector: "", text: "", count: "10", limit: "20", offset: "0",
  include: "documents,metadatas,distances", where: "", search: "",
});
// Browsers and the programs between bear more; a link that is longer than this is none that people send.
export const MOST_CHARACTERS = 8000;
const MOST_UINT = 2 ** 32 - 1;

// Something that the person can mend: which field, and what about it.
export class Complaint extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

function within(field, work) {
  try {
    return work();
  } catch (error) {
    throw error instanceof Complaint ? error : new Complaint(field, error.message);
  }
}

function count(state, field, label) {
  if (!/^\d+$/.test(state[field]) || Number(state[field]) > MOST_UINT) throw new Complaint(field, `${label}: expected a whole number.`);
  return number(String(Number(state[field])));
}

// The vector of a pasted list, as one row. dimension: of the collection; null before the first write.
export function readVector(text, dimension) {
  if (!text.trim()) throw new Complaint("vector", `Paste a list of ${dimension ?? "its"} numbers, for instance [0.1, 0.2, …].`);
  let node = within("vector", () => parse(text));
  if (node.type === "array" && node.parts.length === 1 && node.parts[0].type === "array") [node] = node.parts;
  if (node.type !== "array" || !node.parts.every((part) => part.type === "number")) {
    throw new Complaint("vector", "Expected one list of numbers, for instance [0.1, 0.2, …].");
  }
  if (dimension !== null && node.parts.length !== dimension) {
    throw new Complaint("vector", `This collection takes ${dimension} numbers, the list has ${node.parts.length}.`);
  }
  return array([node]);
}

// The filter of a pane as the members of a request that are there.
function filterMembers(state, tree) {
  const filter = tree ?? within("where", () => read(state.where));
  const lacking = conditionsOf(filter).map(lacks).find(Boolean);
  if (lacking) throw new Complaint("where", `A condition of the filter is not whole. ${lacking}`);
  return Object.entries(membersOf(filter)).filter(([, node]) => node !== null);
}

// What the pane asks, as code.js takes it; throws a Complaint.
export function requestOf(state, { dimension = null, tree = null } = {}) {
  const include = array(state.include.split(",").filter((one) => INCLUDES.includes(one) && (state.kind === "query" || one !== "distances")).map(string));
  if (state.kind === "search") return { kind: "search", members: searchMembers(state), similarTo: null, text: null };
  const filter = filterMembers(state, tree);
  if (state.kind === "get") {
    const page = [["limit", count(state, "limit", "Limit")], ["offset", count(state, "offset", "Offset")]];
    return { kind: "get", members: [...filter, ...page, ["include", include]], similarTo: null, text: null };
  }
  const members = [["n_results", count(state, "count", "Results")], ...filter, ["include", include]];
  if (state.source === "vector") {
    return { kind: "query", members: [["query_embeddings", readVector(state.vector, dimension)], ...members], similarTo: null, text: null };
  }
  if (state.source === "text") {
    if (!state.text) throw new Complaint("text", "Enter a text.");
    return { kind: "query", members, similarTo: null, text: state.text };
  }
  if (!state.record) throw new Complaint("record", "Enter the id of a record of this collection.");
  return { kind: "query", members, similarTo: state.record, text: null };
}

function searchMembers(state) {
  const node = within("search", () => parse(state.search));
  if (node.type !== "object") throw new Complaint("search", "Expected an object with the member “searches”.");
  return node.members.map((one) => [one.key, one.value]);
}

// --- in the address --------------------------------------------------------------------------------

const OF_KIND = { query: ["kind", "source", "count", "where", "include"], get: ["kind", "limit", "offset", "where", "include"], search: ["kind", "search"] };

// What a pane asks and that differs from an empty one, so that links stay short.
function difference(state) {
  const names = [...OF_KIND[state.kind], ...(state.kind === "query" ? [state.source] : [])];
  return Object.fromEntries(names.filter((name) => state[name] !== EMPTY[name]).map((name) => [name, state[name]]));
}

// The fragment for these panes, one or two: `#…`. It never leaves the browser, so that no log has it.
export function toFragment(panes) {
  return `#${encodeURIComponent(JSON.stringify(panes.map(difference)))}`;
}

// Why a link is not made; empty when it is.
export function tooLong(fragment) {
  if (fragment.length <= MOST_CHARACTERS) return "";
  return `This would be a link of ${fragment.length.toLocaleString("en")} characters; at most ${MOST_CHARACTERS.toLocaleString("en")} are put into one. Start from a record instead of a pasted vector, or make the filter shorter.`;
}

// The panes behind a fragment; null without one. Throws an Error that says why it cannot be read.
export function fromFragment(fragment) {
  if (fragment.length <= 1) return null;
  const reason = tooLong(fragment);
  if (reason) throw new Error(`This link is longer than ${MOST_CHARACTERS.toLocaleString("en")} characters and was not read.`);
  let found;
  try {
    found = JSON.parse(decodeURIComponent(fragment.slice(1)));
  } catch {
    return null; // another kind of fragment, such as one that names a heading
  }
  if (!Array.isArray(found) || !found.length || found.length > 2) throw new Error("This link does not say what to ask.");
  return found.map(sound);
}

// A pane as somebody's link or an earlier version has it: known fields that are texts, and choices that exist.
export function sound(given) {
  const state = { ...EMPTY };
  for (const name of Object.keys(EMPTY)) {
    if (typeof given?.[name] === "string") state[name] = given[name];
  }
  if (!KINDS.includes(state.kind)) state.kind = EMPTY.kind;
  if (!SOURCES.includes(state.source)) state.source = EMPTY.source;
  return state;
}
