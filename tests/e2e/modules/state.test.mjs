import assert from "node:assert/strict";
import { test } from "node:test";
import { write } from "../../../cloud/dashboard/static/js/playground/json.js";
import { inWords, listsOf, moves } from "../../../cloud/dashboard/static/js/playground/ranks.js";
import { EMPTY, fromFragment, MOST_CHARACTERS, readVector, requestOf, toFragment, tooLong } from "../../../cloud/dashboard/static/js/playground/state.js";
import { bodyOf } from "../../../cloud/dashboard/static/js/playground/code.js";
import { parse, plain } from "../../../cloud/dashboard/static/js/playground/json.js";
import { anyText, random, times } from "./random.mjs";

test("a link brings back what it was made of, and of the other kinds nothing", () => {
  const from = random(7);
  const panes = times(200, () => ({ ...EMPTY, record: anyText(from), where: anyText(from), count: String(from.below(99)) }));
  for (const pane of panes) assert.deepEqual(fromFragment(toFragment([pane, EMPTY])), [pane, { ...EMPTY }]);
  const search = { ...EMPTY, kind: "search", search: "{}", record: "a", where: "x" };
  assert.deepEqual(fromFragment(toFragment([search])), [{ ...EMPTY, kind: "search", search: "{}" }]);
  const text = { ...EMPTY, source: "text", text: "hello", vector: "[1]" };
  assert.deepEqual(fromFragment(toFragment([text])), [{ ...EMPTY, source: "text", text: "hello" }]);
});

test("a link that is too long is refused in both directions", () => {
  const fragment = toFragment([{ ...EMPTY, source: "vector", vector: "1".repeat(MOST_CHARACTERS) }]);
  assert.match(tooLong(fragment), /at most 8,000/);
  assert.throws(() => fromFragment(fragment), /was not read/);
  assert.equal(tooLong(toFragment([{ ...EMPTY }])), "");
});

test("a link from somebody else cannot set what does not exist", () => {
  const made = `#${encodeURIComponent(JSON.stringify([{ kind: "drop", source: 7, where: {}, __proto__: { x: 1 }, extra: "x" }]))}`;
  assert.deepEqual(fromFragment(made), [{ ...EMPTY }]);
  assert.equal(fromFragment("#results"), null);
  assert.equal(fromFragment(""), null);
  assert.throws(() => fromFragment("#7"), /does not say/);
});

const body = (state, options) => JSON.parse(write(bodyOf(requestOf({ ...EMPTY, ...state }, options))));

test("a pane becomes the body of its request", () => {
  assert.deepEqual(body({ source: "vector", vector: "[1, 2.5]", where: '{"a": 1}', count: "3" }, { dimension: 2 }), {
    query_embeddings: [[1, 2.5]], n_results: 3, where: { a: { $eq: 1 } }, include: ["documents", "metadatas", "distances"],
  });
  assert.deepEqual(body({ kind: "get", limit: "5", include: "documents,distances" }), { limit: 5, offset: 0, include: ["documents"] });
  assert.equal(requestOf({ ...EMPTY, record: "a" }).similarTo, "a");
  assert.deepEqual(Object.keys(body({ kind: "search", search: '{"searches": []}' })), ["searches"]);
});

for (const [state, field, words] of [
  [{ source: "vector", vector: "[1, 2, 3]" }, "vector", "This collection takes 2 numbers, the list has 3."],
  [{ source: "vector", vector: "" }, "vector", "Paste a list of 2 numbers, for instance [0.1, 0.2, …]."],
  [{ source: "vector", vector: "[1, ]" }, "vector", "Line 1, column 5: expected a value, found “]”"],
  [{ source: "vector", vector: '["a", 2]' }, "vector", "Expected one list of numbers, for instance [0.1, 0.2, …]."],
  [{ source: "text" }, "text", "Enter a text."],
  [{ record: "a", count: "-1" }, "count", "Results: expected a whole number."],
  [{ record: "a", where: "{" }, "where", "Line 1, column 2: expected a name in double quotes, found the end"],
  [{ kind: "search", search: "[]" }, "search", "Expected an object with the member “searches”."],
]) {
  test(`${JSON.stringify(state)} is refused at ${field}`, () => {
    assert.throws(() => requestOf({ ...EMPTY, ...state }, { dimension: 2 }), (error) => {
      assert.deepEqual([error.field, error.message], [field, words]);
      return true;
    });
  });
}

test("a vector may come as a list of one vector", () => {
  assert.equal(write(readVector("[[1, 2]]", 2)), "[[1, 2]]");
  assert.equal(write(readVector("[1, 2]", null)), "[[1, 2]]");
});

test("what moved is counted in places", () => {
  const kinds = moves(["a", "b", "c", "d"], ["b", "a", "c"]).map((one) => [one.kind, one.places, one.other]);
  assert.deepEqual(kinds, [["up", 1, 2], ["down", 1, 1], ["same", 0, 3], ["only", 0, null]]);
  assert.deepEqual(inWords({ kind: "up", places: 2, other: 3 }, "B"), { mark: "▲ 2", words: "at place 3 in B" });
});

test("lists of every kind of answer have the same shape", () => {
  const query = plain(parse('{"ids": [["a"]], "distances": [[0.5]], "documents": null, "metadatas": [[{"big": 9007199254740993}]], "uris": null, "embeddings": null}'));
  const [[row]] = listsOf("query", query);
  assert.deepEqual([row.id, row.distance, row.document, row.metadata.get("big")], ["a", 0.5, null, 9007199254740993n]);
  const [rows] = listsOf("get", plain(parse('{"ids": ["a", "b"], "documents": ["x", null], "metadatas": null, "uris": null, "embeddings": null}')));
  assert.deepEqual(rows.map((one) => one.document), ["x", null]);
  const searched = listsOf("search", plain(parse('{"ids": [["a"], []], "scores": [[0.1], null], "documents": [null, null], "metadatas": [null, null], "embeddings": [null, null], "select": [[], []]}')));
  assert.deepEqual([searched.length, searched[0][0].distance, searched[1]], [2, 0.1, []]);
});
