"""Pages of records as reads give them, made up: any text, any float32, metadata as it is stored."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from vectors.metadata import encode
from vectors.types import Rows

_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_KEYS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=6
).filter(lambda key: key[0] not in "#$" and not key.startswith("chroma:"))
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number or 0.0)
_INTEGERS = st.integers(-(2**63), 2**63 - 1)
_SCALARS = _TEXTS | _NUMBERS | _INTEGERS | st.booleans()
_TRICKY = st.sampled_from(
    ["true", "1", "-0.5", "1e5", '"x"', "[1]", "null", "007", " 1", "", "=1", "a,b", 'a"b', "\r\n"]
)
_LISTS = st.one_of(
    *(st.lists(kind, min_size=1, max_size=3) for kind in (_TEXTS, _NUMBERS, _INTEGERS, st.booleans()))
)
METADATA = st.dictionaries(_KEYS, _SCALARS | _TRICKY | _LISTS, min_size=1, max_size=4)
_FLOATS = (
    st.integers(0, 2**32 - 1).map(np.uint32).filter(lambda bits: bool(np.isfinite(bits.view(np.float32))))
)


@st.composite
def rows_of(draw: st.DrawFn, *, empty_texts: bool = True) -> Rows:
    """A page of one to four records of two or three dimensions.

    empty_texts: whether documents and URIs may be there and empty, which CSV does not tell from none
    """
    count, dimension = draw(st.integers(1, 4)), draw(st.integers(2, 3))
    texts = st.none() | (_TEXTS if empty_texts else _TEXTS.filter(bool))
    bits = draw(st.lists(_FLOATS, min_size=count * dimension, max_size=count * dimension))
    metadatas = [draw(st.none() | METADATA) for _ in range(count)]
    return Rows(
        ids=[draw(_TEXTS) or "x" for _ in range(count)],
        embeddings=np.array(bits, dtype=np.uint32).view(np.float32).reshape(count, dimension),
        documents=[draw(texts) for _ in range(count)],
        uris=[draw(texts) for _ in range(count)],
        metadatas=[None if text is None else text.decode() for text in encode(metadatas)],
    )
