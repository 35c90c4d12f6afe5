// Filters: JSON of the wire ⇄ the tree of the builder, and the members of a request. [pure]
//   group      {kind: "group", operator: "$and" | "$or", parts: [group | condition, …]}
//   condition  {kind: "condition", subject: "metadata" | "document" | "id", key, operator, type, values: [text, …]}
// Values are kept as texts beside their type, as fields hold them. Source: contract, section 14.
import { array, boolean, isInteger, number, object, parse, Problem, string, write } from "./json.js";

export const TYPES = { string: "text", int: "whole number", float: "decimal number", bool: "true or false" };
export const GROUPS = { $and: "All of these", $or: "Any of these" };
const EQUALITIES = { $eq: "is", $ne: "is not", $in: "is one of", $nin: "is none of" };
const COMPARISONS = { $gt: "is greater than", $gte: "is at least", $lt: "is less than", $lte: "is at most" };
const CONTAINMENTS = { $contains: "contains", $not_contains: "does not contain" };
const EXPRESSIONS = { $regex: "matches the expression", $not_regex: "does not match the expression" };
const LISTS = new Set(["$in", "$nin"]);
const SPECIAL = { document: "#document", id: "#id" };
const MOST_DEPTH = 16;

// The operators that fit, with their words.
export function operatorsOf(subject, type) {
  if (subject === "document") return { ...CONTAINMENTS, ...EXPRESSIONS };
  if (subject === "id") return EQUALITIES;
  return type === "int" || type === "float"
    ? { ...EQUALITIES, ...COMPARISONS, ...CONTAINMENTS }
    : { ...EQUALITIES, ...CONTAINMENTS };
}

export const takesList = (operator) => LISTS.has(operator);

export function newCondition(subject = "metadata", key = "", type = "string") {
  const operator = subject === "document" ? "$contains" : "$eq";
  return { kind: "condition", subject, key, operator, type: subject === "metadata" ? type : "string", values: [""] };
}

export const newGroup = (operator = "$and", parts = []) => ({ kind: "group", operator, parts });

// --- from JSON -------------------------------------------------------------------------------------

// The tree of a filter's text: a group, empty for no filter. Throws a Problem with the place of what is no filter.
export function read(text) {
  if (!text.trim()) return newGroup();
  const node = parse(text);
  if (node.type === "null" || (node.type === "object" && !node.members.length)) return newGroup();
  const found = new Filter(text).filter(node, 0);
  return found.kind === "group" && found.parts.length ? found : newGroup("$and", [found]);
}

class Filter {
  constructor(text) {
    this.text = text;
  }

  fail(message, at) {
    return new Problem(message, this.text, at);
  }

  only(node) {
    if (node.type !== "object") throw this.fail(`expected an object, found ${named(node)}`, node.at);
    if (node.members.length !== 1) {
      const at = node.members[1]?.at ?? node.at;
      throw this.fail(`expected one name in this object, found ${node.members.length}: join conditions with $and`, at);
    }
    return node.members[0];
  }

  filter(node, depth) {
    if (depth > MOST_DEPTH) throw this.fail(`nested deeper than ${MOST_DEPTH} levels`, node.at);
    const { key, value, at } = this.only(node);
    if (Object.hasOwn(GROUPS, key)) {
      if (value.type !== "array") throw this.fail(`${key} takes a list, found ${named(value)}`, value.at);
      return newGroup(key, value.parts.map((part) => this.filter(part, depth + 1)));
    }
    const subject = key === "#document" ? "document" : key === "#id" ? "id" : "metadata";
    if (subject === "metadata" && (!key || /^[$#]/.test(key))) throw this.fail(this.unknownName(key), at);
    const isShort = value.type !== "object";
    const asked = isShort ? { key: "$eq", value, at: value.at } : this.only(value);
    return this.condition(subject, key, asked);
  }

  unknownName(key) {
    if (Object.hasOwn(CONTAINMENTS, key) || Object.hasOwn(EXPRESSIONS, key)) return `${key} belongs under "#document": {"#document": {"${key}": …}}`;
    return `expected a metadata key, #document, #id, $and or $or, found “${key}”`;
  }

  condition(subject, key, { key: operator, value, at }) {
    const known = subject === "metadata" ? operatorsOf("metadata", "int") : operatorsOf(subject);
    if (!Object.hasOwn(known, operator)) {
      throw this.fail(`${key} takes ${Object.keys(known).join(", ")}, found “${operator}”`, at);
    }
    const nodes = takesList(operator) ? this.list(operator, value) : [value];
    const types = nodes.map((one) => this.typeOf(one, operator));
    const type = types[0];
    const wrong = types.findIndex((one) => one !== type && !(type === "float" && one === "int"));
    if (wrong > 0) throw this.fail(`${operator} takes values of one type: the first is a ${TYPES[type]}, this is a ${TYPES[types[wrong]]}`, nodes[wrong].at);
    if (subject !== "metadata" && type !== "string") throw this.fail(`${key} takes texts`, nodes[0].at);
    if (Object.hasOwn(COMPARISONS, operator) && type !== "int" && type !== "float") throw this.fail(`${operator} takes a number`, nodes[0].at);
    const values = nodes.map((one) => spelled(one, type));
    return { kind: "condition", subject, key: subject === "metadata" ? key : "", operator, type, values };
  }

  list(operator, node) {
    if (node.type !== "array" || !node.parts.length) throw this.fail(`${operator} takes a list that is not empty`, node.at);
    return node.parts;
  }

  typeOf(node, operator) {
    if (node.type === "string") return "string";
    if (node.type === "boolean") return "bool";
    if (node.type === "number" && !Number.isFinite(Number(node.text))) throw this.fail("no number of 64 bits is this large", node.at);
    if (node.type === "number") return isInteger(node) ? "int" : "float";
    throw this.fail(`${operator} takes a text, a number, true or false, found ${named(node)}`, node.at);
  }
}

const named = (node) => ({ object: "an object", array: "a list", string: "a text", number: "a number", boolean: "true or false", null: "null" })[node.type];

function spelled(node, type) {
  if (node.type === "string") return node.value;
  if (node.type === "boolean") return String(node.value);
  return type === "float" && isInteger(node) ? `${node.text}.0` : node.text;
}

// --- to JSON ---------------------------------------------------------------------------------------

// What is missing before a condition can be asked, in words; empty for one that is whole.
export function lacks(condition) {
  const { subject, key, operator, type, values } = condition;
  if (subject === "metadata" && !key) return "Choose a key.";
  if (/^[$#]/.test(key)) return "A key does not begin with $ or #.";
  if (!values.length) return "Add a value.";
  if (type === "int" && !values.every((one) => /^-?(0|[1-9]\d*)$/.test(one))) return "Enter a whole number.";
  if (type === "float" && !values.every((one) => floatText(one) !== null)) return "Enter a number.";
  if (type === "bool" && !values.every((one) => one === "true" || one === "false")) return "Choose true or false.";
  return Object.hasOwn(operatorsOf(subject, type), operator) ? "" : "Choose how to compare.";
}

function floatText(text) {
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) || !Number.isFinite(Number(text))) return null;
  return /[.eE]/.test(text) ? text : `${text}.0`;
}

// Every condition of a tree, in order.
export function conditionsOf(tree) {
  return tree.kind === "group" ? tree.parts.flatMap(conditionsOf) : [tree];
}

function operand({ operator, type, values }) {
  const nodes = values.map((text) => {
    if (type === "string") return string(text);
    if (type === "bool") return boolean(text === "true");
    return number(type === "float" ? floatText(text) : text);
  });
  return takesList(operator) ? array(nodes) : nodes[0];
}

// A tree as a filter of the wire; null for none. A group of one is its part: the clients refuse such groups.
// Conditions that are not whole are left out, and groups of nothing else.
export function toNode(tree) {
  const kept = tidy(tree);
  return kept === null ? null : nodeOf(kept);
}

// The same tree without what is not whole and without groups of one; null when nothing is left.
// A group inside that was empty from the start stays, for it means something: all of nothing, or any of nothing.
export function tidy(tree, isRoot = true) {
  if (tree.kind === "condition") return lacks(tree) ? null : tree;
  const parts = tree.parts.map((part) => tidy(part, false)).filter((part) => part !== null);
  if (!parts.length && (isRoot || tree.parts.length)) return null;
  return parts.length === 1 ? parts[0] : newGroup(tree.operator, parts);
}

function nodeOf(tree) {
  if (tree.kind === "group") return object([[tree.operator, array(tree.parts.map(nodeOf))]]);
  return object([[SPECIAL[tree.subject] ?? tree.key, object([[tree.operator, operand(tree)]])]]);
}

export function toText(tree) {
  const node = toNode(tree);
  return node === null ? "" : write(node, { indent: "  " });
}

// --- the members of a request ----------------------------------------------------------------------

const isOfDocument = (tree) => tree.kind === "condition"
  ? tree.subject === "document"
  : tree.parts.length > 0 && tree.parts.every(isOfDocument);
const isOfIds = (tree) => tree.kind === "condition" && tree.subject === "id" && ["$eq", "$in"].includes(tree.operator);

function documentNode(tree) {
  if (tree.kind === "group") return object([[tree.operator, array(tree.parts.map(documentNode))]]);
  return object([[tree.operator, operand(tree)]]);
}

function joined(parts, made) {
  if (!parts.length) return null;
  return parts.length === 1 ? made(parts[0]) : object([["$and", array(parts.map(made))]]);
}

// A filter as clients send it: ids, where and where_document, which are joined by AND. Each is a node or null.
// What mixes documents with others under an OR stays in where, as {"#document": …}.
export function membersOf(tree) {
  const kept = tidy(tree);
  if (kept === null) return { ids: null, where: null, where_document: null };
  const parts = kept.kind === "group" && kept.operator === "$and" && kept.parts.length ? kept.parts : [kept];
  const ids = parts.find(isOfIds);
  const documents = parts.filter(isOfDocument);
  const others = parts.filter((part) => part !== ids && !documents.includes(part));
  return {
    ids: ids ? array([...new Set(ids.values)].map(string)) : null,
    where: joined(others, nodeOf),
    where_document: joined(documents, documentNode),
  };
}

// Whether the published clients refuse a filter that the service takes: then a request is made without them.
export function isForClients({ where, where_document: ofDocument }) {
  const wants = (node, isWithin) => !node || node.members.every(({ key, value }) => {
    if (Object.hasOwn(GROUPS, key)) return value.parts.length > 1 && value.parts.every((part) => wants(part, isWithin));
    return isWithin ? value.value !== "" : !Object.hasOwn(EXPRESSIONS, value.members[0].key);
  });
  return wants(where, false) && wants(ofDocument, true);
}
