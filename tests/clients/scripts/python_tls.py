"""CloudClient over TLS, as it is without `enable_ssl=False`; SSL_CERT_FILE names a private authority."""

from __future__ import annotations

import json
import os

import chromadb

client = chromadb.CloudClient(
    tenant=os.environ["TESSERA_TENANT"],
    database=os.environ["TESSERA_DATABASE"],
    api_key=os.environ["TESSERA_KEY"],
    cloud_host=os.environ["TESSERA_HOST"],
    cloud_port=int(os.environ["TESSERA_PORT"]),
)
secret = client.create_collection("over-tls", embedding_function=None)
secret.add(ids=["a"], embeddings=[[1.0, 2.0]], documents=["for no other eyes"])
print(json.dumps({"count": secret.count()}))
