import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, plain, Problem, write } from "../../../cloud/dashboard/static/js/playground/json.js";
import { anyJson, random, times } from "./random.mjs";

test("what JSON.parse reads is read alike, and written as it was", () => {
  for (const value of times(500, (seed) => anyJson(random(seed), 4))) {
    const text = JSON.stringify(value, null, 2);
    assert.deepEqual(JSON.parse(write(parse(text))), value);
    assert.deepEqual(JSON.parse(write(parse(text), { indent: "  " })), value);
  }
});

test("numbers keep their digits", () => {
  for (const text of ["1.0", "9007199254740993", "-0", "1e300", "-12.50E-3"]) assert.equal(write(parse(text)), text);
  assert.equal(plain(parse("9007199254740993")), 9007199254740993n);
  assert.equal(plain(parse("1.0")), 1);
});

test("names of prototypes are names", () => {
  const found = plain(parse('{"__proto__": 1, "constructor": 2}'));
  assert.deepEqual([...found], [["__proto__", 1], ["constructor", 2]]);
});

for (const [text, words] of [
  ['{"a": 1,}', 'Line 1, column 9: expected a name in double quotes, found “}”'],
  ['{\n  "a": 1\n  "b": 2\n}', "Line 3, column 3: expected “,” or “}”, found “\"”"],
  ["[1, 2", "Line 1, column 6: expected “,” or “]”, found the end"],
  ["{'a': 1}", "Line 1, column 2: expected a name in double quotes, found “'”"],
  ['{"a" 1}', "Line 1, column 6: expected “:” after the name, found “1”"],
  ["", "Line 1, column 1: expected a value, found the end"],
  ["tru", "Line 1, column 1: expected a value, found “t”"],
  ["[1] x", "Line 1, column 5: expected the end, found “x”"],
  ['"😀" 😀', "Line 1, column 5: expected the end, found “😀”"],
  ['"abc', "Line 1, column 1: this text has no closing quotation mark"],
  ['"\\q"', "Line 1, column 2: no such escape: \\q"],
  ["01", "Line 1, column 2: expected the end, found “1”"],
  ["[".repeat(70), "Line 1, column 66: nested deeper than 64 levels"],
]) {
  test(`${JSON.stringify(text.slice(0, 20))} is refused with its place`, () => {
    assert.throws(() => parse(text), (error) => error instanceof Problem && error.message === words || assert.equal(error.message, words));
  });
}
