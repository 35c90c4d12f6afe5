"""Sets of characters in patterns: ranges, Unicode properties, and RE2's spelling of them. [pure]

The wire's `\\d`, `\\s` and `\\w` are Unicode's, RE2's are ASCII; so they are written out as properties. A
property is kept by name where RE2 can be asked for it. Where a set must be computed with (a negated class
inside another, `&&`, `--`, `~~`), general categories are looked up and become ranges.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

Range = tuple[int, int]
_LAST = 0x10FFFF
# The categories of \w beside single ranges (Unicode TS 18, annex C): Alphabetic, M, Nd, Pc, Join_Control.
_WORD_CATEGORIES = ("L", "M", "Nd", "Nl", "Pc")
_WORD_RANGES: tuple[Range, ...] = (
    (0x200C, 0x200D),
    (0x24B6, 0x24E9),
    (0x1F130, 0x1F149),
    (0x1F150, 0x1F169),
    (0x1F170, 0x1F189),
)
_SPACE_RANGES: tuple[Range, ...] = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0x85, 0x85),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
_ASCII_CLASSES: dict[str, tuple[str, ...]] = {
    "alnum": ("09", "AZ", "az"),
    "alpha": ("AZ", "az"),
    "ascii": ("\0\x7f",),
    "blank": ("\t\t", "  "),
    "cntrl": ("\0\x1f", "\x7f\x7f"),
    "digit": ("09",),
    "graph": ("!~",),
    "lower": ("az",),
    "print": (" ~",),
    "punct": ("!/", ":@", "[`", "{~"),
    "space": ("\t\r", "  "),
    "upper": ("AZ",),
    "word": ("09", "AZ", "__", "az"),
    "xdigit": ("09", "AF", "af"),
}
_LONG_NAMES = {
    "letter": "L", "casedletter": "LC", "uppercaseletter": "Lu", "lowercaseletter": "Ll",
    "titlecaseletter": "Lt", "modifierletter": "Lm", "otherletter": "Lo", "mark": "M",
    "nonspacingmark": "Mn", "spacingmark": "Mc", "enclosingmark": "Me", "number": "N",
    "decimalnumber": "Nd", "letternumber": "Nl", "othernumber": "No", "punctuation": "P", "punct": "P",
    "connectorpunctuation": "Pc", "dashpunctuation": "Pd", "openpunctuation": "Ps",
    "closepunctuation": "Pe", "initialpunctuation": "Pi", "finalpunctuation": "Pf",
    "otherpunctuation": "Po", "symbol": "S", "mathsymbol": "Sm", "currencysymbol": "Sc",
    "modifiersymbol": "Sk", "othersymbol": "So", "separator": "Z", "spaceseparator": "Zs",
    "lineseparator": "Zl", "paragraphseparator": "Zp", "other": "C", "control": "Cc", "cntrl": "Cc",
    "format": "Cf", "privateuse": "Co", "unassigned": "Cn", "digit": "Nd",
}  # fmt: skip
_CATEGORIES = frozenset(_LONG_NAMES.values()) - {"LC"} | {"Cs"}
# RE2 knows these only by range; it has no table of what is not assigned.
_WITHOUT_TABLE = frozenset({"C", "Cn"})


class PatternError(ValueError):
    """The pattern is not one of the wire's dialect, or too large."""


@dataclass(frozen=True)
class Characters:
    """A set: ranges and properties (RE2's names), or with `is_negated` all but those.

    ranges: ascending, apart from each other
    """

    ranges: tuple[Range, ...] = ()
    properties: tuple[str, ...] = ()
    is_negated: bool = False

    @classmethod
    def of(cls, *ranges: Range) -> Characters:
        """A set of ranges, in any order."""
        return cls(_merged(ranges))

    @classmethod
    def ascii_class(cls, name: str) -> Characters:
        """The set of `[:name:]` or `[:^name:]`."""
        bounds = _ASCII_CLASSES.get(name.removeprefix("^"))
        if bounds is None:
            raise PatternError(f"unrecognized ASCII class {name!r}")
        found = cls.of(*((ord(pair[0]), ord(pair[1])) for pair in bounds))
        return cls(found.computed()) if name[0] != "^" else cls(found.complement().computed())

    @property
    def is_ascii(self) -> bool:
        """Whether no character past U+007F is named, in it or outside of it."""
        return not self.properties and (not self.ranges or self.ranges[-1][1] < 0x80)

    def complement(self) -> Characters:
        """All other characters."""
        return Characters(self.ranges, self.properties, is_negated=not self.is_negated)

    def union(self, other: Characters) -> Characters:
        """What is in either; neither is negated."""
        properties = tuple(dict.fromkeys(self.properties + other.properties))
        return Characters(_merged(self.ranges + other.ranges), properties)

    def as_member(self, *, ignores_case: bool) -> Characters:
        """The same set without negation, to stand in another.

        Raises:  PatternError for one that cannot be computed
        """
        if not self.is_negated:
            return self
        if ignores_case:
            raise PatternError("a negated class inside another is not supported together with (?i)")
        return Characters(self.computed())

    def combined(self, operator: str, other: Characters, *, ignores_case: bool) -> Characters:
        """Intersection (&&), difference (--) or symmetric difference (~~)."""
        if ignores_case:
            raise PatternError("class set operations are not supported together with (?i)")
        mine, others = self.computed(), other.computed()
        if operator == "&&":
            return Characters(_common(mine, others))
        if operator == "--":
            return Characters(_common(mine, _rest(others)))
        either = _merged(mine + others)
        return Characters(_common(either, _rest(_common(mine, others))))

    def computed(self) -> tuple[Range, ...]:
        """The ranges of the whole set.

        Raises:  PatternError when a property has no table here (scripts)
        """
        found = _merged(self.ranges + tuple(one for name in self.properties for one in _table(name)))
        return _rest(found) if self.is_negated else found

    def to_re2(self) -> str:
        """As RE2 writes it."""
        inside = "".join(rf"\x{{{low:X}}}-\x{{{high:X}}}" for low, high in self.ranges)
        inside += "".join(
            f"\\{'P' if name[0] == '^' else 'p'}{{{name.lstrip('^')}}}" for name in self.properties
        )
        if not inside:
            inside = r"\x{0}-\x{10FFFF}"
            return f"[{inside}]" if self.is_negated else f"[^{inside}]"
        return f"[^{inside}]" if self.is_negated else f"[{inside}]"


WORD = Characters(_WORD_RANGES, _WORD_CATEGORIES)


def is_word(character: str) -> bool:
    """Whether it is one of \\w."""
    if character.isascii():
        return character.isalnum() or character == "_"
    ranges = _word_ranges()
    place = bisect_right(ranges, (ord(character), _LAST)) - 1
    return place >= 0 and ord(character) <= ranges[place][1]


@cache
def _word_ranges() -> tuple[Range, ...]:
    return WORD.computed()


def perl(letter: str) -> Characters:
    """\\d \\s \\w, and by capitals their complements."""
    found = {"d": Characters((), ("Nd",)), "s": Characters(_SPACE_RANGES), "w": WORD}[letter.lower()]
    return found.complement() if letter.isupper() else found


def read_property(name: str, *, is_negated: bool) -> Characters:
    """The set of `\\p{name}`: a general category or a script, by short or long name.

    Raises:  PatternError
    """
    if name.startswith("^"):
        name, is_negated = name[1:], not is_negated
    kind, sign, value = name.replace(":", "=").partition("=")
    if sign.endswith("=") and kind.endswith("!"):
        kind, is_negated = kind[:-1], not is_negated
    plain = "".join(c for c in (value if sign else name).lower() if c not in " _-")
    if sign and kind.lower() not in ("gc", "generalcategory", "general_category", "sc", "script"):
        raise PatternError(f"Unicode property not found: {name!r}")
    category = _LONG_NAMES.get(plain, plain[:1].upper() + plain[1:])
    if plain in ("any", "ascii", "whitespace"):
        ranges = {"any": ((0, _LAST),), "ascii": ((0, 0x7F),)}.get(plain, _SPACE_RANGES)
        found = Characters(ranges)
    elif plain == "assigned":
        found = Characters(_rest(_table("Cn")))
    elif category == "LC":
        found = Characters((), ("Lu", "Ll", "Lt"))
    elif category in _WITHOUT_TABLE:
        found = Characters(_table(category))
    else:
        known = category if category in _CATEGORIES else _script_name(value if sign else name)
        return Characters((), (f"^{known}" if is_negated else known,))
    return found.complement() if is_negated else found


def _script_name(name: str) -> str:
    """RE2's spelling of a script: Old_Italic. It says itself when it knows none of that name."""
    words = name.replace("-", "_").replace(" ", "_").split("_")
    spelled = "_".join(word[:1].upper() + word[1:].lower() for word in words)
    if not spelled.replace("_", "").isalpha() or not spelled.isascii():
        raise PatternError(f"Unicode property not found: {name!r}")
    return spelled


@cache
def _tables() -> dict[str, tuple[Range, ...]]:
    """Ranges by general category; what the library assigns lies in the planes 0 to 3 and 14 to 16."""
    found: dict[str, list[Range]] = {}
    edges = [
        *range(0x40000),
        0x40000,
        *range(0xE0000, 0xE0400),
        0xE0400,
        0xF0000,
        0xFFFFE,
        0x100000,
        0x10FFFE,
    ]
    for here, following in pairwise([*edges, _LAST + 1]):
        ranges = found.setdefault(unicodedata.category(chr(here)), [])
        if ranges and ranges[-1][1] == here - 1:
            ranges[-1] = (ranges[-1][0], following - 1)
        else:
            ranges.append((here, following - 1))
    return {name: tuple(ranges) for name, ranges in found.items()}


@cache
def _table(category: str) -> tuple[Range, ...]:
    if category.startswith("^"):
        return _rest(_table(category[1:]))
    if category not in _CATEGORIES:
        raise PatternError(f"the property {category} cannot be combined with other classes here")
    found = _tables()
    return _merged(tuple(one for name in found if name.startswith(category) for one in found[name]))


def _merged(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _rest(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """All characters outside of merged ranges."""
    edges = [-1, *(edge for low, high in ranges for edge in (low, high)), _LAST + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((before + 1, after - 1) for before, after in gaps if before + 1 <= after - 1)


def _common(one: tuple[Range, ...], other: tuple[Range, ...]) -> tuple[Range, ...]:
    return _rest(_merged(_rest(one) + _rest(other)))
