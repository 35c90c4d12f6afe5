"""Files in and out of the whole service, while its worker is killed: nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from cloud.processes import Service
from tests.factories import vectors
from tests.journeys.conftest import Customer
from tests.journeys.waiting import until

RECORDS, FEW_RECORDS, DIMENSION = 40_000, 5_000, 64


def file(folder: Path, count: int) -> Path:
    """Records as JSON Lines."""
    path = folder / "many.jsonl"
    with path.open("wb") as target:
        for number, row in enumerate(vectors(count, DIMENSION)):
            line = {"id": f"r{number}", "embedding": row.tolist(), "metadata": {"n": number}}
            target.write(orjson.dumps(line) + b"\n")
    return path


class Control:
    """A service account of a customer's tenant."""

    def __init__(self, customer: Customer) -> None:
        secret = customer.service.manage("create_service_account", "mover", "--tenant", customer.tenant)
        self._headers = {"authorization": f"Bearer {secret.strip()}"}
        self._base = f"{customer.service.url}/api/control/v1/tenants/{customer.tenant}/databases/main"

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request, and expect that it succeeds."""
        answer = httpx.request(method, self._base + path, headers=self._headers, timeout=120, **more)
        assert answer.status_code in (200, 201), answer.text
        return answer

    def standing(self, transfer_id: str) -> dict[str, Any]:
        """How an import or export stands."""
        found: dict[str, Any] = self.send("GET", f"/transfers/{transfer_id}").json()
        return found


@pytest.mark.timeout(600)
def test_a_killed_worker_leaves_an_import_that_its_successor_completes_exactly(
    service: Service, customer: Customer, tmp_path: Path
) -> None:
    collection = customer.client().create_collection("moved", embedding_function=None)
    control = Control(customer)
    with file(tmp_path, RECORDS).open("rb") as source:
        path = f"/collections/{collection.id}/imports?file_name=many.jsonl"
        made = control.send("POST", path, content=source).json()["id"]  # in chunks: no size is announced
    seen: list[int] = []
    while len(seen) < 3:

        def has_moved() -> bool:
            one = control.standing(made)
            return bool(one["rows_done"] > (seen[-1] if seen else 0) or one["state"] == "done")

        until(has_moved, seconds=90, what="the import to move on")
        seen.append(control.standing(made)["rows_done"])
        service.kill_worker()
        service.start_worker()
    until(lambda: control.standing(made)["state"] == "done", seconds=240, what="the import to be done")
    done = control.standing(made)
    assert (done["rows_done"], done["rows_failed"], collection.count()) == (RECORDS, 0, RECORDS)
    asked = control.send("POST", f"/collections/{collection.id}/exports", json={"format": "jsonl"}).json()[
        "id"
    ]
    until(lambda: control.standing(asked)["rows_done"] > 0, seconds=90, what="the export to begin")
    service.kill_worker()
    service.start_worker()
    until(lambda: control.standing(asked)["state"] == "done", seconds=240, what="the export to be done")
    text = control.send("GET", f"/transfers/{asked}/content").text
    ids = [orjson.loads(line)["id"] for line in text.splitlines()]
    assert ids == [f"r{number}" for number in range(RECORDS)]


@pytest.mark.timeout(300)
def test_the_commands_move_a_collection_from_one_place_to_another(
    service: Service, customer: Customer, tmp_path: Path
) -> None:
    client = customer.client()
    client.create_collection("here", embedding_function=None)
    there = client.create_collection("there", embedding_function=None)
    place = ("--tenant", customer.tenant, "--database", "main", "--collection")
    said = service.manage("import_records", str(file(tmp_path, FEW_RECORDS)), *place, "here")
    assert said.strip() == f"{FEW_RECORDS} rows imported, 0 failed"
    packed = tmp_path / "here.csv.gz"
    assert service.manage("export_records", str(packed), *place, "here").startswith(
        f"{FEW_RECORDS} rows exported"
    )
    service.manage("import_records", str(packed), *place, "there")
    found = there.get(ids=["r123", "r4999"], include=["embeddings", "metadatas"])
    assert found["metadatas"] == [{"n": 123}, {"n": 4_999}]
    assert np.array_equal(
        np.asarray(found["embeddings"], np.float32), vectors(FEW_RECORDS, DIMENSION)[[123, 4_999]]
    )
