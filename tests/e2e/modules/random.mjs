// Random values from a seed, so that a failure comes again.
export function random(seed) {
  let state = (seed * 2654435761) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (count) => Math.floor(next() * count);
  const one = (choices) => choices[below(choices.length)];
  return { next, below, one };
}

export const times = (count, make) => Array.from({ length: count }, (_, seed) => make(seed + 1));

const TEXTS = ["", "a", "year", "it's", 'say "no"', "a\\b", "line\nbreak", "tab\t", "$(rm)", "`x`", "ü – 😀", "</script>", "\u2028", "'\\''", "%s {}", "#document", "\u0007"];
export const anyText = (from) => from.one(TEXTS) + (from.below(3) ? "" : from.one(TEXTS));

export function anyJson(from, depth) {
  const kind = from.below(depth > 0 ? 7 : 5);
  if (kind === 0) return null;
  if (kind === 1) return from.below(2) === 0;
  if (kind === 2) return from.below(2000) - 1000;
  if (kind === 3) return (from.next() - 0.5) * 10 ** from.below(20);
  if (kind === 4) return anyText(from);
  const parts = Array.from({ length: from.below(4) }, () => anyJson(from, depth - 1));
  return kind === 5 ? parts : Object.fromEntries(parts.map((part, at) => [anyText(from) + at, part]));
}

const SCALARS = {
  string: anyText,
  int: (from) => String(from.below(2000) - 1000),
  float: (from) => from.one(["1.0", "0.5", "-2.25", "1e3"]),
  bool: (from) => from.one(["true", "false"]),
};
const OPERATORS = {
  string: ["$eq", "$ne", "$in", "$nin", "$contains", "$not_contains"],
  int: ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$contains", "$not_contains"],
};
OPERATORS.float = OPERATORS.int;
OPERATORS.bool = OPERATORS.string;

// A tree of the builder whose conditions are whole.
export function anyTree(from, depth = 3) {
  if (depth > 0 && from.below(2)) {
    const parts = Array.from({ length: from.below(4) }, () => anyTree(from, depth - 1));
    return { kind: "group", operator: from.one(["$and", "$or"]), parts };
  }
  const subject = from.one(["metadata", "metadata", "document", "id"]);
  const type = subject === "metadata" ? from.one(["string", "int", "float", "bool"]) : "string";
  const operators = { document: ["$contains", "$not_contains", "$regex", "$not_regex"], id: ["$eq", "$ne", "$in", "$nin"] };
  const operator = from.one(operators[subject] ?? OPERATORS[type]);
  const many = operator === "$in" || operator === "$nin" ? 1 + from.below(3) : 1;
  const values = Array.from({ length: many }, () => SCALARS[type](from));
  const key = subject === "metadata" ? `k${anyText(from)}` : "";
  return { kind: "condition", subject, key, operator, type, values };
}
