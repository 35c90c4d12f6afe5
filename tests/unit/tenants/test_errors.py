"""Every failure has a code, every code an answer, and each class its words."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from cloud.api.errors import STATUS_AND_NAME, answer
from tenants import errors
from tenants.errors import Code, ServiceError


def kinds(root: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    """The tree, root and all."""
    yield root
    for child in root.__subclasses__():
        yield from kinds(child)


OWN = [kind for kind in kinds() if kind.__module__ == errors.__name__ and kind is not ServiceError]


@pytest.mark.parametrize("code", list(Code))
def test_it_has_an_answer_for_every_code(code: Code) -> None:
    status, name = STATUS_AND_NAME[code]
    assert 400 <= status < 600
    assert name in {"InvalidArgumentError", "NotFoundError", "InternalError", "RateLimitError", "ChromaError"}


def test_it_has_a_class_for_every_code_and_one_only() -> None:
    assert sorted(kind.code.value for kind in OWN) == sorted(code.value for code in Code)


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
def test_it_says_its_docstring_unless_told(kind: type[ServiceError]) -> None:
    assert kind().message == (kind.__doc__ or "").strip()
    assert kind("other words").message == str(kind("other words")) == "other words"


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
def test_it_answers_every_class_in_the_shape_of_the_wire(kind: type[ServiceError]) -> None:
    response = answer(kind("why"))
    body = orjson.loads(response.content)
    assert (response.status_code, body["error"]) == STATUS_AND_NAME[kind.code]
    assert set(body) == {"error", "message"}
    assert (body["message"] == "why") is (kind.code is not Code.INTERNAL)


@pytest.mark.parametrize("bug", [ValueError("secret"), KeyError("secret"), errors.Internal("secret")])
def test_it_hides_what_is_our_fault(bug: Exception) -> None:
    response = answer(bug)
    assert response.status_code == 500
    assert b"secret" not in response.content


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
def test_it_draws_every_class_in_the_tree_of_its_module(kind: type[ServiceError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")
