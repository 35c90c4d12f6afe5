"""Regular expressions of the wire, parsed: the dialect of the Rust `regex` crate as a small tree. [pure]

Only what decides *whether* a text matches is kept: groups lose their names, repetitions their greed.
`vectors/regex.py` turns the tree into RE2's spelling and into literals that a match must contain;
`vectors/classes.py` knows the sets of characters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from vectors.classes import Characters, PatternError, perl, read_property
from vectors.limits import MAX_PATTERN_CHARACTERS, MAX_PATTERN_DEPTH


@dataclass(frozen=True)
class Literal:
    """This character, or with `ignores_case` one that folds to the same."""

    character: str
    ignores_case: bool


@dataclass(frozen=True)
class OneOf:
    """One character of a set."""

    characters: Characters
    ignores_case: bool


@dataclass(frozen=True)
class Edge:
    """A place between characters, in RE2's spelling: \\A \\z \\b \\B, or (?m:^) and (?m:$)."""

    place: str


@dataclass(frozen=True)
class Repeat:
    """The part, at least and at most so many times (None: any number)."""

    part: Node
    least: int
    most: int | None


@dataclass(frozen=True)
class Sequence:
    """The parts one after the other; without parts, the empty text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of the parts."""

    parts: tuple[Node, ...]


Node: TypeAlias = Literal | OneOf | Edge | Repeat | Sequence | Choice


@dataclass(frozen=True)
class _Flags:
    ignores_case: bool = False
    is_multiline: bool = False
    dot_has_newline: bool = False
    is_verbose: bool = False


_FLAGS = {"i": "ignores_case", "m": "is_multiline", "s": "dot_has_newline", "x": "is_verbose"}
_CONTROL = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_EDGES = {"A": r"\A", "z": r"\z", "b": r"\b", "B": r"\B"}
_LINE_EDGES = {"^": (r"\A", "(?m:^)"), "$": (r"\z", "(?m:$)")}
_QUANTIFIERS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_ANY = Characters.of((0, 0x10FFFF))
_NO_NEWLINE = Characters.of((0, 9), (11, 0x10FFFF))


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0
        self.depth = 0

    def fail(self, why: str) -> PatternError:
        return PatternError(f"{why} at character {self.place}")

    # --- reading -----------------------------------------------------------------------------------------

    def peek(self, count: int = 1) -> str:
        return self.pattern[self.place : self.place + count]

    def take(self, what: str = "a character") -> str:
        if self.place >= len(self.pattern):
            raise self.fail(f"expected {what}, found the end")
        self.place += 1
        return self.pattern[self.place - 1]

    def accept(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.place):
            return False
        self.place += len(text)
        return True

    def until(self, end: str) -> str:
        found = self.pattern.find(end, self.place)
        if found < 0:
            raise self.fail(f"expected {end!r}")
        text, self.place = self.pattern[self.place : found], found + len(end)
        return text

    def skip_blanks(self, flags: _Flags) -> None:
        while flags.is_verbose and self.place < len(self.pattern):
            if self.peek() == "#":
                end = self.pattern.find("\n", self.place)
                self.place = len(self.pattern) if end < 0 else end + 1
            elif self.peek().isspace():
                self.place += 1
            else:
                return

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_PATTERN_DEPTH:
            raise self.fail(f"nested deeper than {MAX_PATTERN_DEPTH} levels")

    # --- the grammar -------------------------------------------------------------------------------------

    def choice(self, flags: _Flags) -> Node:
        """Alternatives up to the end or a closing bracket; a flag group holds until there too."""
        branches: list[Node] = []
        parts: list[Node] = []
        while True:
            self.skip_blanks(flags)
            if self.place >= len(self.pattern) or self.peek() == ")":
                branches.append(_sequence(parts))
                return branches[0] if len(branches) == 1 else Choice(tuple(branches))
            if self.accept("|"):
                branches.append(_sequence(parts))
                parts = []
            elif self.accept("("):
                flags = self.group(flags, parts)
            elif self.peek() in "*+?{":
                if not parts:
                    raise self.fail("repetition operator missing expression")
                parts.append(self.repetition(parts.pop(), flags))
            else:
                parts.append(self.atom(flags))

    def group(self, flags: _Flags, parts: list[Node]) -> _Flags:
        """A group's content goes to `parts`; the flags that hold after it."""
        inner = flags
        if self.accept("?"):
            if self.accept("P<") or (self.peek() == "<" and self.peek(2) not in ("<=", "<!")):
                self.accept("<")
                name = self.until(">")
                if not name or not (name[0].isalpha() or name[0] == "_"):
                    raise self.fail("invalid capture group name")
            elif self.peek() in ("=", "!", "<"):
                raise self.fail("look-around, including look-ahead and look-behind, is not supported")
            else:
                inner = self.flags(flags)
                if self.accept(")"):
                    return inner
                if not self.accept(":"):
                    raise self.fail("expected ':' or ')'")
        self.deeper()
        content = self.choice(inner)
        self.depth -= 1
        if not self.accept(")"):
            raise self.fail("unclosed group")
        parts.append(content)
        return flags

    def flags(self, flags: _Flags) -> _Flags:
        is_on, start = True, self.place
        while self.peek() not in (")", ":"):
            letter = self.take("a flag")
            if letter == "-" and is_on:
                is_on = False
            elif letter == "u" and not is_on:
                raise self.fail("patterns on bytes are not supported: (?-u)")
            elif letter in _FLAGS:
                flags = replace(flags, **{_FLAGS[letter]: is_on})
            elif letter not in "uU":
                raise self.fail(f"unrecognized flag {letter!r}")
        if self.place == start and self.peek() == ")":
            raise self.fail("repetition operator missing expression")
        if self.pattern[self.place - 1] == "-":
            raise self.fail("dangling flag negation operator")
        return flags

    def repetition(self, part: Node, flags: _Flags) -> Node:
        sign = self.take()
        least, most = self.counts(flags) if sign == "{" else _QUANTIFIERS[sign]
        self.accept("?")  # lazy or not, it matches the same texts
        return Repeat(part, least, most)

    def counts(self, flags: _Flags) -> tuple[int, int | None]:
        text = self.until("}")
        if flags.is_verbose:
            text = "".join(text.split())
        low, comma, high = (side.strip() for side in text.partition(","))
        if not (low or high) or any(not (one.isascii() and one.isdigit()) for one in (low, high) if one):
            raise self.fail("expected a repetition as {n}, {n,} or {n,m}")
        least = min(int(low or 0), 10**6) if len(low) < 10 else 10**6
        if not comma:
            return least, least
        most = None if not high else min(int(high), 10**6) if len(high) < 10 else 10**6
        if most is not None and most < least:
            raise self.fail("the start of a repetition must be at most its end")
        return least, most

    def atom(self, flags: _Flags) -> Node:
        character = self.take()
        if character == ".":
            return OneOf(_ANY if flags.dot_has_newline else _NO_NEWLINE, ignores_case=False)
        if character in _LINE_EDGES:
            return Edge(_LINE_EDGES[character][flags.is_multiline])
        if character == "[":
            return OneOf(self.bracket(flags), flags.ignores_case)
        if character == "\\" and self.peek() in _EDGES:
            return self.edge()
        found = self.escape() if character == "\\" else character
        if isinstance(found, str):
            return Literal(found, flags.ignores_case)
        return OneOf(found, flags.ignores_case)

    def edge(self) -> Edge:
        place = _EDGES[self.take()]
        if place == r"\b" and self.peek() == "{":
            raise self.fail("half and directed word boundaries are not supported")
        return Edge(place)

    def escape(self) -> Characters | str:
        """What stands after a backslash, in or outside of brackets."""
        letter = self.take("an escape")
        if letter in "dswDSW":
            return perl(letter)
        if letter in "pP":
            name = self.until("}") if self.accept("{") else self.take("a property")
            return read_property(name, is_negated=letter == "P")
        if letter in _CONTROL:
            return _CONTROL[letter]
        if letter in _HEX_DIGITS:
            return self.hexadecimal(_HEX_DIGITS[letter])
        if letter.isdigit():
            raise self.fail("backreferences are not supported")
        if not letter.isascii() or letter.isalnum() or letter in "<>":
            raise self.fail(f"unrecognized escape sequence \\{letter}")
        return letter

    def hexadecimal(self, width: int) -> str:
        digits = self.until("}").strip() if self.accept("{") else self.peek(width)
        if len(digits) == width and self.pattern[self.place - 1] != "}":
            self.place += width
        try:
            number = int(digits, 16) if digits.isalnum() and len(digits) <= 8 else -1
        except ValueError:
            number = -1
        if not 0 <= number <= 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            raise self.fail("invalid hexadecimal character")
        return chr(number)

    # --- sets of characters ------------------------------------------------------------------------------

    def bracket(self, flags: _Flags) -> Characters:
        """The set after an opening bracket, through its closing one."""
        self.deeper()
        is_negated = self.accept("^")
        found: Characters | None = None
        operator = ""
        while True:
            operand = self.union(flags, is_first=found is None)
            found = (
                operand
                if found is None
                else found.combined(operator, operand, ignores_case=flags.ignores_case)
            )
            if self.accept("]"):
                break
            operator = self.peek(2)
            self.place += 2
        self.depth -= 1
        return found.complement() if is_negated else found

    def union(self, flags: _Flags, *, is_first: bool) -> Characters:
        """Members up to a closing bracket or a set operator, neither of which is taken."""
        found = Characters.of()
        while True:
            self.skip_blanks(flags)
            if not self.peek():
                raise self.fail("unclosed character class")
            if (self.peek() == "]" and not is_first) or self.peek(2) in ("&&", "~~"):
                return found
            if self.peek(2) == "--" and not is_first:
                return found
            found = found.union(self.member(flags))
            is_first = False

    def member(self, flags: _Flags) -> Characters:
        if self.accept("[:"):
            return Characters.ascii_class(self.until(":]"))
        if self.accept("["):
            return self.bracket(flags).as_member(ignores_case=flags.ignores_case)
        low = self.one()
        if isinstance(low, Characters):
            return low.as_member(ignores_case=False)
        if self.peek() != "-" or self.peek(2) in ("-]", "--") or not self.peek(2)[1:]:
            return Characters.of((ord(low), ord(low)))
        self.take()
        high = self.one()
        if isinstance(high, Characters) or high < low:
            raise self.fail("invalid character class range")
        return Characters.of((ord(low), ord(high)))

    def one(self) -> Characters | str:
        character = self.take("a character of the class")
        if character != "\\":
            return character
        if self.peek() == "b":
            raise self.fail("a word boundary cannot stand in a character class")
        return self.escape()


def _sequence(parts: list[Node]) -> Node:
    """The parts as one node, nested sequences laid open, so that neighbouring literals meet."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Sequence) else (part,))
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def _check_depth(tree: Node) -> None:
    """Refuse what would be too deep to walk: repetitions of repetitions nest without a bracket."""
    level: list[Node] = [tree]
    depth = 0
    while level:
        depth += 1
        if depth > 2 * MAX_PATTERN_DEPTH:
            raise PatternError(f"repetitions and groups nested deeper than {2 * MAX_PATTERN_DEPTH} levels")
        level = [part for node in level for part in _parts(node)]


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Repeat(part, _, _):
            return (part,)
        case Sequence(parts) | Choice(parts):
            return parts
        case _:
            return ()


def parse(pattern: str) -> Node:
    """The tree of a pattern.

    Raises:  PatternError with what is wrong, and where
    Source:  contract, section 14.2; the syntax page of the Rust crate `regex`
    """
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise PatternError(f"a pattern has at most {MAX_PATTERN_CHARACTERS} characters, got {len(pattern)}")
    parser = _Parser(pattern)
    found = parser.choice(_Flags())
    if parser.place < len(pattern):
        raise parser.fail("unopened group")
    _check_depth(found)
    return found
