import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { bodyOf, curl, javascript, python } from "../../../cloud/dashboard/static/js/playground/code.js";
import { parse, write } from "../../../cloud/dashboard/static/js/playground/json.js";
import { EMPTY, requestOf } from "../../../cloud/dashboard/static/js/playground/state.js";
import { newGroup, toText } from "../../../cloud/dashboard/static/js/playground/where.js";
import { anyJson, anyText, anyTree, random, times } from "./random.mjs";

const PLACE = { origin: "http://127.0.0.1:8000", host: "127.0.0.1", port: 8000, isSecure: false, tenant: "it's \"x\"", database: "main", collection: "a'b\"c\\d", collectionId: "0-1" };
const request = (state) => requestOf({ ...EMPTY, ...state });
const anyRequest = (from) => {
  const tree = anyTree(from);
  const where = toText(tree.kind === "group" ? tree : newGroup("$and", [tree]));
  return request(from.one([{ kind: "get", where }, { source: "vector", vector: "[0.5, 1]", where }, { record: anyText(from) || "a", where }]));
};

// Python reads the literals of a program: what it holds must be what the wire is sent.
test("texts and values are escaped for Python", () => {
  const values = times(300, (seed) => JSON.stringify(anyJson(random(seed), 3)));
  const literals = values.map((text) => write(parse(text), { words: ["True", "False", "None"], indent: "    " }));
  const program = `import ast, json, sys\nfor literal, text in json.load(sys.stdin):\n    assert ast.literal_eval(literal) == json.loads(text), (literal, text)\n`;
  execFileSync("python3", ["-c", program], { input: JSON.stringify(literals.map((literal, at) => [literal, values[at]])) });
});

test("each program in Python is one", () => {
  const programs = times(150, (seed) => python(anyRequest(random(seed)), PLACE));
  const program = "import ast, json, sys\nfor text in json.load(sys.stdin):\n    ast.parse(text)\n";
  execFileSync("python3", ["-c", program], { input: JSON.stringify(programs) });
});

test("each program in JavaScript is one", () => {
  for (const text of times(150, (seed) => javascript(anyRequest(random(seed)), PLACE))) {
    const program = text.replace(/^import .*$/m, "");
    assert.doesNotThrow(() => new Function(`return async () => {${program}\n}`), program);
  }
});

test("texts and values are escaped for JavaScript", () => {
  for (const value of times(300, (seed) => anyJson(random(seed), 3))) {
    const made = request({ kind: "search", search: JSON.stringify({ searches: [{ rank: value }] }) });
    const program = javascript(made, PLACE);
    const payloads = /collection\.search\((\[[\s\S]*\])\);/.exec(program)[1];
    const [found] = new Function(`return ${payloads}`)();
    if (value !== null && JSON.stringify(value) !== "{}") assert.deepEqual(JSON.parse(JSON.stringify(found.rank)), value);
  }
});

test("a shell reads the body of curl as it was", () => {
  for (const made of times(60, (seed) => anyRequest(random(seed))).filter((one) => one.similarTo === null)) {
    const script = curl(made, PLACE).replace("curl ", "show ");
    const shown = execFileSync("sh", ["-c", `show() { for last; do :; done; printf %s "$last"; }\n${script}`]);
    assert.equal(String(shown), write(bodyOf(made)));
  }
});

test("the address of curl has its parts escaped", () => {
  const line = curl(request({ kind: "get" }), PLACE).split("\n")[0];
  assert.ok(line.includes("/tenants/it%27s%20%22x%22/databases/main/collections/0-1/get'"), line);
});

test("a text is asked by programs, and curl says why not", () => {
  const made = request({ source: "text", text: "it's" });
  assert.match(python(made, PLACE), /query_texts=\["it's"\]/);
  assert.match(javascript(made, PLACE), /queryTexts: \["it's"\]/);
  assert.match(curl(made, PLACE), /^# A text becomes a vector in your program/);
});

test("a filter that the clients refuse goes over HTTP", () => {
  const made = request({ kind: "get", where: '{"$or": [{"a": 1}, {"#document": {"$regex": "x"}}]}' });
  assert.match(python(made, PLACE), /^# The Python client refuses/);
  assert.match(javascript(made, PLACE), /^\/\/ The JavaScript client refuses/);
  assert.match(python(request({ kind: "get", where: '{"#document": {"$regex": "x"}}' }), PLACE), /where_document=\{"\$regex": "x"\}/);
});

test("names of prototypes are names in JavaScript", () => {
  const made = request({ kind: "get", where: '{"__proto__": {"$eq": 1}}' });
  const [, literal] = /where: (\{.*\}),\n/.exec(javascript(made, PLACE));
  assert.deepEqual(Object.entries(new Function(`return ${literal}`)()), [["__proto__", { $eq: 1 }]]);
});
