// JSON with places: what is wrong is said with its line and column, in the same words in every browser. [pure]
// Numbers stay as they were written, so that 1.0 is no integer and 64 bits are not rounded.
// A node: {type: object | array | string | number | boolean | null, at, members | parts | value | text}.
const MOST_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = { true: { type: "boolean", value: true }, false: { type: "boolean", value: false }, null: { type: "null" } };
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

export class Problem extends Error {
  // at: the place in the text, from 0
  constructor(message, text, at) {
    const before = text.slice(0, at).split("\n");
    const line = before.length;
    const column = [...before[line - 1]].length + 1;
    super(`Line ${line}, column ${column}: ${message}`);
    Object.assign(this, { line, column, at });
  }
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail(message, at = this.at) {
    return new Problem(message, this.text, at);
  }

  skip() {
    while (" \t\r\n".includes(this.text[this.at] ?? "x")) this.at += 1;
  }

  found() {
    const character = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    return this.at >= this.text.length ? "the end" : `“${character}”`;
  }

  value(depth = 0) {
    if (depth > MOST_DEPTH) throw this.fail(`nested deeper than ${MOST_DEPTH} levels`);
    this.skip();
    const { at } = this;
    const first = this.text[at];
    if (first === "{") return this.object(depth);
    if (first === "[") return this.array(depth);
    if (first === '"') return { type: "string", value: this.string(), at };
    for (const [word, node] of Object.entries(WORDS)) {
      if (this.text.startsWith(word, at)) {
        this.at += word.length;
        return { ...node, at };
      }
    }
    NUMBER.lastIndex = at;
    const [number] = NUMBER.exec(this.text) ?? [];
    if (number === undefined) throw this.fail(`expected a value, found ${this.found()}`);
    this.at += number.length;
    return { type: "number", text: number, at };
  }

  object(depth) {
    const node = { type: "object", members: [], at: this.at };
    this.at += 1;
    this.skip();
    if (this.text[this.at] === "}") return this.closed(node);
    for (;;) {
      this.skip();
      const { at } = this;
      if (this.text[at] !== '"') throw this.fail(`expected a name in double quotes, found ${this.found()}`);
      const key = this.string();
      this.skip();
      if (this.text[this.at] !== ":") throw this.fail(`expected “:” after the name, found ${this.found()}`);
      this.at += 1;
      node.members.push({ key, at, value: this.value(depth + 1) });
      this.skip();
      if (this.text[this.at] === "}") return this.closed(node);
      if (this.text[this.at] !== ",") throw this.fail(`expected “,” or “}”, found ${this.found()}`);
      this.at += 1;
    }
  }

  array(depth) {
    const node = { type: "array", parts: [], at: this.at };
    this.at += 1;
    this.skip();
    if (this.text[this.at] === "]") return this.closed(node);
    for (;;) {
      node.parts.push(this.value(depth + 1));
      this.skip();
      if (this.text[this.at] === "]") return this.closed(node);
      if (this.text[this.at] !== ",") throw this.fail(`expected “,” or “]”, found ${this.found()}`);
      this.at += 1;
    }
  }

  closed(node) {
    this.at += 1;
    return node;
  }

  string() {
    const begin = this.at;
    let value = "";
    this.at += 1;
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) throw this.fail("this text has no closing quotation mark", begin);
      if (character === '"') break;
      if (character < " ") throw this.fail("a line break or control character in a text: write it as \\n or \\u…");
      value += character === "\\" ? this.escape() : character;
      this.at += 1;
    }
    this.at += 1;
    return value;
  }

  escape() {
    this.at += 1;
    const letter = this.text[this.at] ?? "";
    if (Object.hasOwn(ESCAPES, letter)) return ESCAPES[letter];
    const digits = this.text.slice(this.at + 1, this.at + 5);
    if (letter !== "u" || !/^[\da-fA-F]{4}$/.test(digits)) throw this.fail(`no such escape: \\${letter}`, this.at - 1);
    this.at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
}

// The value of a text, or a Problem.
export function parse(text) {
  const reader = new Reader(text);
  const node = reader.value();
  reader.skip();
  if (reader.at < text.length) throw reader.fail(`expected the end, found ${reader.found()}`);
  return node;
}

export const string = (value) => ({ type: "string", value });
export const number = (text) => ({ type: "number", text: String(text) });
export const boolean = (value) => ({ type: "boolean", value });
export const array = (parts) => ({ type: "array", parts });
// members: pairs of name and node
export const object = (members) => ({ type: "object", members: members.map(([key, value]) => ({ key, value })) });

export function isInteger(node) {
  return node.type === "number" && !/[.eE]/.test(node.text);
}

export function member(node, key) {
  return node.members.findLast((one) => one.key === key)?.value;
}

const LINE_CHARACTERS = 64;

// Numbers are one line however many, or a vector would be a page.
function isVector(node) {
  return node.type === "array" && node.parts.every((part) => part.type === "number" || isVector(part));
}

// The text of a node in the words of a language; JSON's, unless others are given.
//   words:   of true, false and null
//   name:    how a name of an object is written
//   indent:  what a level is indented by; none: all in one line
export function write(node, { words = ["true", "false", "null"], name = JSON.stringify, indent = "" } = {}, around = "") {
  const inside = around + indent;
  const options = { words, name, indent };
  const [open, shut] = node.type === "array" ? "[]" : "{}";
  switch (node.type) {
    case "string": return JSON.stringify(node.value);
    case "number": return node.text;
    case "boolean": return node.value ? words[0] : words[1];
    case "null": return words[2];
  }
  const parts = node.parts ?? node.members.map((one) => one.value);
  const begins = node.parts ? parts.map(() => "") : node.members.map((one) => `${name(one.key)}: `);
  const line = () => open + parts.map((part, at) => begins[at] + write(part, { words, name })).join(", ") + shut;
  if (!indent || parts.length === 0 || isVector(node)) return line();
  const short = line();
  if (short.length <= LINE_CHARACTERS) return short;
  const lines = parts.map((part, at) => inside + begins[at] + write(part, options, inside));
  return `${open}\n${lines.join(",\n")}\n${around}${shut}`;
}

// A node as JavaScript holds it, to be shown: a whole number past 2^53 becomes a BigInt, an object a Map.
export function plain(node) {
  switch (node.type) {
    case "array": return node.parts.map(plain);
    case "object": return new Map(node.members.map((one) => [one.key, plain(one.value)]));
    case "number": return isInteger(node) && !Number.isSafeInteger(Number(node.text)) ? BigInt(node.text) : Number(node.text);
    case "null": return null;
    default: return node.value;
  }
}
