"""`GET /pre-flight-checks`: what a client may send at once (contract, section 6)."""

from __future__ import annotations

from cloud.processes import Service
from tests.factories import Wire, make_tenant


def test_it_answers_the_default_plan_without_a_key(database: Service) -> None:
    answer = Wire(None).get("/pre-flight-checks")
    assert answer.status == 200
    assert answer.body == {"max_batch_size": 300, "supports_base64_encoding": True}


def test_it_answers_the_limit_of_the_keys_plan(database: Service) -> None:
    tenant = make_tenant("large", {"records_per_write_count": 1234})
    expected = {"max_batch_size": 1234, "supports_base64_encoding": True}
    assert tenant.wire.get("/pre-flight-checks").body == expected
    assert tenant.read_only.get("/pre-flight-checks").body == expected


def test_it_answers_a_key_that_is_none_like_no_key(database: Service) -> None:
    assert Wire("ck-nonsense").get("/pre-flight-checks").body["max_batch_size"] == 300
