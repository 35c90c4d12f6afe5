import assert from "node:assert/strict";
import { test } from "node:test";
import { array, object, write } from "../../../cloud/dashboard/static/js/playground/json.js";
import { conditionsOf, isForClients, lacks, membersOf, newCondition, newGroup, operatorsOf, read, tidy, toNode, toText } from "../../../cloud/dashboard/static/js/playground/where.js";
import { anyTree, random, times } from "./random.mjs";

const rooted = (tree) => (tree.kind === "group" ? tree : newGroup("$and", [tree]));
const json = (node) => (node === null ? null : JSON.parse(write(node)));

test("a tree that is written and read is the same tree, tidied", () => {
  for (const tree of times(1500, (seed) => rooted(anyTree(random(seed))))) {
    const again = read(toText(tree));
    assert.deepEqual(tidy(again), tidy(tree));
    assert.equal(toText(again), toText(tree));
    assert.ok(conditionsOf(again).every((one) => lacks(one) === ""));
  }
});

test("the members of a request ask what the filter asks", () => {
  for (const tree of times(1500, (seed) => rooted(anyTree(random(seed))))) {
    const { ids, where, where_document: ofDocument } = membersOf(tree);
    const asIds = ids && object([["#id", object([["$in", ids]])]]);
    const parts = [where, ofDocument && inWhere(ofDocument), asIds].filter(Boolean);
    const asked = parts.length ? write(object([["$and", array(parts)]])) : "";
    assert.deepEqual(leavesOf(read(asked)), leavesOf(rooted(tidy(tree) ?? newGroup())));
  }
});

// A filter of documents as it stands within where.
function inWhere(filter) {
  const [{ key, value }] = filter.members;
  return key === "$and" || key === "$or" ? object([[key, array(value.parts.map(inWhere))]]) : object([["#document", filter]]);
}

// The conditions, in any order; an id that is one is one of a list.
function leavesOf(tree) {
  const spelled = conditionsOf(tree).map((one) => one.subject === "id" && one.operator === "$eq" ? { ...one, operator: "$in" } : one);
  return spelled.map((one) => JSON.stringify({ ...one, values: one.subject === "id" ? [...new Set(one.values)] : one.values })).sort();
}

for (const [text, words] of [
  ['{"year": {"$foo": 1}}', "Line 1, column 11: year takes $eq, $ne, $in, $nin, $gt, $gte, $lt, $lte, $contains, $not_contains, found “$foo”"],
  ['{"a": 1, "b": 2}', "Line 1, column 10: expected one name in this object, found 2: join conditions with $and"],
  ['{"$contains": "x"}', 'Line 1, column 2: $contains belongs under "#document": {"#document": {"$contains": …}}'],
  ['{"$and": {"a": 1}}', "Line 1, column 10: $and takes a list, found an object"],
  ['{"a": {"$in": []}}', "Line 1, column 15: $in takes a list that is not empty"],
  ['{"a": {"$in": [1, "x"]}}', "Line 1, column 19: $in takes values of one type: the first is a whole number, this is a text"],
  ['{"a": {"$in": [1, 2.5]}}', "Line 1, column 19: $in takes values of one type: the first is a whole number, this is a decimal number"],
  ['{"a": {"$gt": "x"}}', "Line 1, column 15: $gt takes a number"],
  ['{"a": null}', "Line 1, column 7: $eq takes a text, a number, true or false, found null"],
  ['{"#id": 7}', "Line 1, column 9: #id takes texts"],
  ['{"a": 1e400}', "Line 1, column 7: no number of 64 bits is this large"],
  ["[]", "Line 1, column 1: expected an object, found a list"],
]) {
  test(`${text} is refused with its place`, () => {
    assert.throws(() => read(text), { message: words });
  });
}

test("what is asked of documents and ids alone goes into members of its own", () => {
  const { ids, where, where_document: ofDocument } = membersOf(read('{"$and": [{"#id": {"$in": ["a", "b", "a"]}}, {"year": 1999}, {"#document": {"$regex": "x+"}}, {"$or": [{"#document": {"$contains": "y"}}, {"#document": {"$contains": "z"}}]}]}'));
  assert.deepEqual(json(ids), ["a", "b"]);
  assert.deepEqual(json(where), { year: { $eq: 1999 } });
  assert.deepEqual(json(ofDocument), { $and: [{ $regex: "x+" }, { $or: [{ $contains: "y" }, { $contains: "z" }] }] });
});

test("a document beside metadata under an or stays within where", () => {
  const members = membersOf(read('{"$or": [{"year": 1999}, {"#document": {"$regex": "x"}}]}'));
  assert.deepEqual(json(members.where), { $or: [{ year: { $eq: 1999 } }, { "#document": { $regex: "x" } }] });
  assert.equal(members.where_document, null);
  assert.equal(isForClients(members), false);
  assert.equal(isForClients(membersOf(read('{"$or": [{"year": 1999}, {"#document": {"$contains": "x"}}]}'))), true);
});

test("a condition that is not whole is left out, and says what it lacks", () => {
  const tree = newGroup("$or", [newCondition("metadata", "year", "int"), newGroup("$or", [newCondition("metadata")])]);
  assert.equal(toNode(tree), null);
  assert.deepEqual(conditionsOf(tree).map(lacks), ["Enter a whole number.", "Choose a key."]);
  assert.equal(toText(newGroup("$or")), "");
});

test("any of nothing is kept, for it finds nothing", () => {
  assert.deepEqual(json(toNode(read('{"$or": []}'))), { $or: [] });
  assert.deepEqual(json(membersOf(read('{"$or": []}')).where), { $or: [] });
});

test("a decimal number stays one, whatever its digits", () => {
  assert.equal(write(toNode(read('{"a": {"$in": [1.0, 2]}}'))), '{"a": {"$in": [1.0, 2.0]}}');
  assert.equal(write(toNode(read('{"a": 9007199254740993}'))), '{"a": {"$eq": 9007199254740993}}');
});

test("operators fit the type", () => {
  assert.ok("$gt" in operatorsOf("metadata", "int") && !("$gt" in operatorsOf("metadata", "string")));
  assert.deepEqual(Object.keys(operatorsOf("id")), ["$eq", "$ne", "$in", "$nin"]);
});
