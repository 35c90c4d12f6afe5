"""Random sequences of operations as plain JSON, the simplest choices first, so that failures shrink well.

A sequence is {"space", "dimension", "operations": [{"do": …}, …]}; `play.py` says what each one does.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np

Operation = dict[str, Any]
Sequence = dict[str, Any]
Draw = st.DrawFn

# What the wire has: each can be left out by its line.
ARRAYS = True
FILTERS_ON_ID = True
REGULAR_EXPRESSIONS = True

SPACES = ("l2", "ip", "cosine")
SMALL, LARGE = 3, 8  # dimensions; LARGE with enough rows for graphs to be walked
IDS = (*(f"r{number}" for number in range(10)), "r40", "r150", "ключ", "a b", "%_\\", "'; --")
KEYS = ("n", "s", "b", "x", "k é%'\"")
NUMBERS = (
    *(0, 1, 2, -1, 2.0, 0.5, -1.5, -7, 0.1, -0.0),
    *(2**53 + 1, 9007199254740992.0, 2**63 - 1, -(2**63), 1e16, 1e300, -1e-7),
)
STRINGS = ("a", "b", "A", "", "1", "true", "ключ", "a%b_c\\", 'say "é"', "e\u0301", "x" * 300)
DOCUMENTS = (
    *("a", "abc", "", "ABC", "a_2%b", "100% \\ sure", "naïve ключ 😀", "line\nbreak", "aaaa", "ab'c\"d"),
    *("text 1", "text 12", "über ÜBER", "tab\tand \\u0041", "z" * 500),
)
NEEDLES = (
    *(
        "a",
        "ab",
        "abc",
        "",
        "_",
        "%",
        "\\",
        "_2%",
        "ключ",
        "😀",
        "\n",
        "zzz",
        "text 1",
        "BC",
        "% \\",
        "ü",
        "'",
    ),
)
PATTERNS = ("a", "^abc$", "a.*b", "[0-9]+", "text (1|2)\\b", "(?i)abc", "ключ|😀", "^$", "a{2,3}", "b?c")
URIS = ("s3://bucket/1", "http://a/b?c=%20d", "")
PHASES = ("copying", "building the graph", "indexing", "swapping", "purging")

_random = np.random.default_rng(7)


def _pool(dimension: int) -> list[list[float]]:
    """Vectors of which many tie, many do not, and some are at the edges of what a float32 can do."""
    grid = _random.integers(-1, 2, (14, dimension)).astype(np.float32)
    normal = _random.standard_normal((14, dimension)).astype(np.float32)
    edges = np.array([[0.0], [-0.0], [0.1], [1e-15], [1e12], [65_520.0], [-3.0]], np.float32)
    scaled = np.float32(1e-4) * normal[:3]
    rows = np.concatenate([grid, normal, np.repeat(edges, dimension, axis=1), scaled])
    return [[float(component) for component in row] for row in rows]


POOLS = {dimension: _pool(dimension) for dimension in (SMALL, SMALL + 1, LARGE, LARGE + 1)}
ids = st.sampled_from(IDS)
numbers = st.sampled_from(NUMBERS)
strings = st.sampled_from(STRINGS)
scalars = st.one_of(numbers, strings, st.booleans())
arrays = st.one_of(
    *(st.lists(one, max_size=3) for one in (numbers, strings, st.booleans())),
)


def _rarely(draw: Draw, one_in: int) -> bool:
    """True once in so many; shrinks to False."""
    return draw(st.integers(0, one_in - 1)) == one_in - 1


def _value(draw: Draw, key: str, *, nulls: bool) -> Any:
    if nulls and _rarely(draw, 5):
        return None
    if ARRAYS and _rarely(draw, 4):
        return draw(arrays)
    own = {"n": numbers, "s": strings, "b": st.booleans()}.get(key, scalars)
    return draw(own)


def _metadata(draw: Draw, *, nulls: bool) -> dict[str, Any] | None:
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return None
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3))
    metadata = {key: _value(draw, key, nulls=nulls) for key in keys}
    if kind == 5:
        metadata["chroma:own"] = draw(strings)
    return metadata


def _embedding(draw: Draw, dimension: int) -> list[float]:
    return draw(st.sampled_from(POOLS[dimension]))


@st.composite
def writes(draw: Draw, verb: str, dimension: int) -> Operation:
    """A write over few ids, sometimes with one twice; now and then with a wrong dimension or length."""
    wanted = draw(st.lists(ids, min_size=1, max_size=5))
    if _rarely(draw, 40):
        dimension += 1
    body: dict[str, Any] = {"ids": wanted}
    if verb != "update":
        body["embeddings"] = [_embedding(draw, dimension) for _ in wanted]
    elif draw(st.booleans()):
        body["embeddings"] = [None if draw(st.booleans()) else _embedding(draw, dimension) for _ in wanted]
    for name, texts, share in (("documents", DOCUMENTS, 2), ("uris", URIS, 5)):
        kind = draw(st.integers(0, share * 2))
        if kind == 1:
            body[name] = None
        elif kind >= share:
            body[name] = [draw(st.one_of(st.none(), st.sampled_from(texts))) for _ in wanted]
    if draw(st.integers(0, 4)):
        body["metadatas"] = [_metadata(draw, nulls=verb != "add") for _ in wanted]
    if _rarely(draw, 60):
        body["uris"] = ["one too many"] * (len(wanted) + 1)
    operation = {"do": verb, "body": body}
    return {**operation, "base64": True} if _rarely(draw, 3) else operation


# --- filters -------------------------------------------------------------------------------------------


def _leaf(draw: Draw) -> dict[str, Any]:
    kind = draw(st.integers(0, 11))
    if kind == 11:
        return {"#document": _document_leaf(draw)}
    if kind == 10 and FILTERS_ON_ID:
        return {"#id": _equality(draw, ids)}
    key = draw(st.sampled_from((*KEYS, "missing")))
    if kind <= 2:
        return {key: {draw(st.sampled_from(("$gt", "$gte", "$lt", "$lte"))): draw(numbers)}}
    if kind == 9 and ARRAYS:
        return {key: {draw(st.sampled_from(("$contains", "$not_contains"))): draw(scalars)}}
    return {key: _equality(draw, {"n": numbers, "s": strings, "b": st.booleans()}.get(key, scalars))}


def _equality(draw: Draw, values: st.SearchStrategy[Any]) -> Any:
    operator = draw(st.sampled_from(("", "$eq", "$ne", "$in", "$nin")))
    if not operator:
        return draw(values)
    if operator in ("$eq", "$ne"):
        return {operator: draw(values)}
    return {operator: of_one_type(draw(st.lists(values, min_size=1, max_size=3)))}


def of_one_type(values: list[Any]) -> list[Any]:
    """Those of the first one's type, as `$in` demands."""
    return [value for value in values if type(value) is type(values[0])]


def _document_leaf(draw: Draw) -> dict[str, Any]:
    if REGULAR_EXPRESSIONS and _rarely(draw, 3):
        return {draw(st.sampled_from(("$regex", "$not_regex"))): draw(st.sampled_from(PATTERNS))}
    return {draw(st.sampled_from(("$contains", "$not_contains"))): draw(st.sampled_from(NEEDLES))}


@st.composite
def _trees(draw: Draw, *, of_documents: bool) -> dict[str, Any]:
    leaf = _document_leaf if of_documents else _leaf
    kind = draw(st.integers(0, 9))
    if kind <= 6:
        return leaf(draw)
    operator, other = draw(st.permutations(("$and", "$or")))
    parts = [leaf(draw) for _ in range(draw(st.integers(0, 3)))]
    if kind == 9:
        parts.append({other: [leaf(draw) for _ in range(draw(st.integers(0, 3)))]})
    return {operator: parts}


wheres = _trees(of_documents=False)
document_wheres = _trees(of_documents=True)


def _selection(draw: Draw, *, share: int) -> dict[str, Any]:
    """Ids, filters, both or nothing; null as well as absent."""
    body: dict[str, Any] = {}
    if draw(st.integers(0, share)) == 0:
        body["ids"] = draw(st.one_of(st.none(), st.lists(ids, max_size=8)))
    if draw(st.integers(0, 2)) == 0:
        body["where"] = draw(wheres)
    if draw(st.integers(0, 3)) == 0:
        body["where_document"] = draw(document_wheres)
    return body


# --- reads and deletes ---------------------------------------------------------------------------------


def _include(draw: Draw, members: tuple[str, ...]) -> dict[str, Any]:
    if draw(st.integers(0, 3)) == 0:
        return {}
    return {"include": draw(st.lists(st.sampled_from(members), unique=True))}


@st.composite
def gets(draw: Draw) -> Operation:
    """A get with any combination of what it takes."""
    body = _selection(draw, share=2)
    if draw(st.booleans()):
        body["limit"] = draw(st.sampled_from((1, 0, 2, 5, 100)))
    if draw(st.booleans()):
        body["offset"] = draw(st.sampled_from((0, 1, 3, 50)))
    return {"do": "get", "body": body | _include(draw, ("documents", "metadatas", "uris", "embeddings"))}


@st.composite
def queries(draw: Draw, dimension: int) -> Operation:
    """A query with any combination of what it takes."""
    if _rarely(draw, 40):
        dimension += 1
    body = _selection(draw, share=6)
    count = draw(st.sampled_from((1, 1, 1, 2, 3, 0)))
    body["query_embeddings"] = [_embedding(draw, dimension) for _ in range(count)]
    if draw(st.integers(0, 3)):
        body["n_results"] = draw(st.sampled_from((5, 1, 10, 3, 40, 0)))
    members = ("distances", "documents", "metadatas", "uris", "embeddings")
    return {"do": "query", "body": body | _include(draw, members)}


@st.composite
def deletes(draw: Draw) -> Operation:
    """A delete by ids, by filters or by both, sometimes with a limit."""
    kind = draw(st.integers(0, 5))
    if kind <= 2:
        body: dict[str, Any] = {
            "ids": draw(st.lists(ids, min_size=0 if _rarely(draw, 10) else 1, max_size=3))
        }
    else:
        body = _selection(draw, share=3)
    if kind > 2 and draw(st.integers(0, 2)) == 0:
        body["limit"] = draw(st.sampled_from((1, 0, 2, 10)))
    return {"do": "delete", "body": body}


# --- everything else -----------------------------------------------------------------------------------


def _refusals(dimension: int) -> list[Operation]:
    """Requests that break a rule whatever the collection holds, and the status that says so."""
    good = POOLS[dimension][0]
    one = {"ids": ["r1"], "embeddings": [good]}
    table: list[tuple[str, int, Operation]] = [
        ("add", 400, {**one, "documents": ["a", "b"]}),
        ("add", 400, {"ids": ["r1", ""], "embeddings": [good, good]}),
        ("add", 400, {**one, "metadatas": [{"#n": 1}]}),
        ("upsert", 400, {**one, "metadatas": [{"$n": 1}]}),
        ("update", 400, {**one, "metadatas": [{"": 1}]}),
        ("add", 422, {**one, "metadatas": [{"n": None}]}),
        ("add", 422, {"ids": ["r1"]}),
        ("upsert", 422, {"ids": ["r1"], "embeddings": [None]}),
        ("upsert", 400, {"ids": ["r1"], "embeddings": [[]]}),
        ("update", 400, {"ids": ["r1", "r2"], "embeddings": [good, good[1:]]}),
        ("upsert", 400, {"ids": ["r1", "r2"], "embeddings": [good, [1e39] * dimension]}),
        ("add", 400, {"ids": ["r1"], "embeddings": ["no base64"]}),
        ("update", 400, {"ids": ["r1"], "documents": ["a\0b"]}),
        ("upsert", 422, {**one, "metadatas": ["n"]}),
        ("get", 422, {"include": ["data"]}),
        ("get", 422, {"limit": -1}),
        ("get", 400, {"where": {}}),
        ("get", 400, {"where": {"n": {"$gt": "a"}}}),
        ("delete", 400, {"where": {"n": 1, "s": "a"}}),
        ("delete", 400, {"where_document": {"$contains": 1}}),
        ("delete", 400, {"where": {"n": {"$in": []}}}),
        ("delete", 400, {"ids": ["r1"], "limit": 1}),
        ("delete", 400, {"ids": []}),
        ("delete", 422, {"where": {"n": 1}, "limit": -1}),
        ("query", 400, {"query_embeddings": [[1e39] * dimension]}),
        ("query", 400, {"query_embeddings": [good], "where": {"$xor": []}}),
        ("query", 422, {"query_embeddings": [good], "n_results": -1}),
        ("query", 422, {"query_embeddings": ["AAAA"]}),
    ]
    return [{"do": "refused", "verb": verb, "status": status, "body": body} for verb, status, body in table]


MODIFICATIONS: tuple[Operation, ...] = (
    {"new_name": "renamed"},
    {"new_metadata": {"a": 1, "b": None, "c": 2.0}},
    {"new_name": "taken"},
    {"new_name": "renamed again", "new_metadata": {"only": "this"}},
    {"new_configuration": {"hnsw": {"ef_search": 200, "max_neighbors": 24}}},
    {"new_metadata": {}},
    {"new_configuration": {"hnsw": {"space": "l2"}}},
    {},
)
# The outsider's key, on a collection that is not its own.
INTRUSIONS: tuple[Operation, ...] = (
    {"verb": "get", "body": {}},
    {"verb": "delete", "body": {"where": {"missing": {"$ne": 1}}}},
    {"verb": "update", "body": {"ids": ["r1"], "documents": ["mine now"]}},
)


def _bulk(most: int) -> st.SearchStrategy[Operation]:
    return st.builds(
        lambda first, count, seed: {"do": "bulk", "first": first, "count": count, "seed": seed},
        st.sampled_from((0, 100, 200)),
        st.integers(1, most),
        st.integers(0, 3),
    )


def _requests(dimension: int) -> st.SearchStrategy[Operation]:
    """What clients do to records; weighted by repetition."""
    kinds = (
        *[writes(verb, dimension) for verb in ("add", "upsert", "update", "upsert", "add")],
        *[queries(dimension), gets(), queries(dimension), gets()],
        *[deletes(), deletes(), st.sampled_from(_refusals(dimension))],
    )
    return st.sampled_from(kinds).flatmap(lambda kind: kind)


def _events(dimension: int, most: int) -> st.SearchStrategy[Operation]:
    """What happens beside the clients, and what happens to the collection itself."""
    requests = _requests(dimension)
    phases = st.sampled_from(PHASES)
    writing = st.sampled_from((writes("upsert", dimension), deletes(), writes("update", dimension), requests))
    written = st.lists(writing.flatmap(lambda kind: kind), min_size=1, max_size=4)
    disturbed = st.dictionaries(phases, written, min_size=1, max_size=3)
    plain = st.just({"do": "compact"})
    beside_writers = st.builds(lambda during: {"do": "compact", "during": during}, disturbed)
    kinds = (
        *[plain, plain, st.just({"do": "look"}), _bulk(most), _bulk(most)],
        *[beside_writers, beside_writers, beside_writers],
        st.builds(lambda phase: {"do": "compact", "dies": phase}, phases),
        st.builds(
            lambda phase, to: {"do": "compact", "taken over": phase, "finished": to}, phases, st.booleans()
        ),
        *[st.just({"do": do}) for do in ("garbage", "sweep", "restart", "other process", "other process")],
        st.builds(lambda body: {"do": "modify", "body": body}, st.sampled_from(MODIFICATIONS)),
        st.builds(lambda space: {"do": "recreate", "space": space}, st.sampled_from(SPACES)),
        st.builds(lambda one: {"do": "intrude", **one}, st.sampled_from(INTRUSIONS)),
        *[st.builds(lambda stays: {"do": "fork", "stays": stays}, st.booleans())] * 2,
        *[st.just({"do": do}) for do in ("turn", "turn", "abandon")],
    )
    return st.sampled_from(kinds).flatmap(lambda kind: kind)


def _operations(dimension: int, most: int) -> st.SearchStrategy[list[Operation]]:
    """Some 25 on average; several short lists, for a list with a least length would not shrink below it."""
    requests = _requests(dimension)
    either = (requests, requests, requests, _events(dimension, most))
    some = st.lists(st.sampled_from(either).flatmap(lambda kind: kind), max_size=20)
    return st.tuples(*[some] * 7).map(lambda lists: [one for part in lists for one in part])


_SMALL_OPERATIONS = _operations(SMALL, 150)
_LARGE_OPERATIONS = _operations(LARGE, 300)


@st.composite
def sequences(draw: Draw) -> Sequence:
    """A space, a dimension and what happens: half from nothing, most others from hundreds of records.

    One in thirty starts with enough rows for the planner to walk graphs.
    """
    space = draw(st.sampled_from(SPACES))
    size = draw(st.integers(0, 29))
    if size < 15:
        return {"space": space, "dimension": SMALL, "operations": draw(_SMALL_OPERATIONS)}
    dimension, least, most = (LARGE, 1_500, 4_000) if size == 29 else (SMALL, 100, 400)
    count = draw(st.integers(least, most))
    start: list[Operation] = [{"do": "bulk", "first": 0, "count": count, "seed": 0}, {"do": "compact"}]
    if draw(st.booleans()):  # enough for the next compaction to take the segment in
        start.append({"do": "bulk", "first": count - 20, "count": count, "seed": 1})
    operations = draw(_LARGE_OPERATIONS if size == 29 else _SMALL_OPERATIONS)
    return {"space": space, "dimension": dimension, "operations": [*start, *operations]}


@st.composite
def sequences_with_restarts(draw: Draw) -> Sequence:
    """From enough records for a compaction to begin by itself, with a restart while it may be running."""
    start = [{"do": "bulk", "first": 0, "count": 1_200, "seed": 0}]
    halves = [draw(st.lists(_requests(LARGE), min_size=4, max_size=20)) for _ in range(2)]
    operations = [*start, *halves[0], {"do": "restart"}, *halves[1]]
    return {"space": draw(st.sampled_from(SPACES)), "dimension": LARGE, "operations": operations}
