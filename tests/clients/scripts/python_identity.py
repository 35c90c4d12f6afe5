"""CloudClient with nothing but a key: as an argument, and from the environment alone."""

from __future__ import annotations

import json
import os

import chromadb

WHERE = {
    "cloud_host": os.environ["TESSERA_HOST"],
    "cloud_port": int(os.environ["TESSERA_PORT"]),
    "enable_ssl": False,
}

client = chromadb.CloudClient(api_key=os.environ["TESSERA_KEY"], **WHERE)
notes = client.get_or_create_collection("notes", embedding_function=None)
notes.add(ids=["a"], embeddings=[[1.0, 2.0]], documents=["first"])

os.environ["CHROMA_API_KEY"] = os.environ["TESSERA_KEY"]
try:
    chromadb.CloudClient(**WHERE)
    complaint = []
except Exception as error:  # noqa: BLE001 (which class comes is what the test asks)
    complaint = [type(error).__name__, str(error)]

print(json.dumps({"tenant": client.tenant, "database": client.database, "environment_alone": complaint}))
