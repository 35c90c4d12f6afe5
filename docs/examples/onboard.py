"""Onboard a customer: a tenant with an owner, a database and a key, and the first query with that key.

TESSERA_URL=https://… TESSERA_OPERATOR_KEY=sa-… python onboard.py acme ada@example.com
"""

import os
import sys

import chromadb
import httpx

server = httpx.URL(os.environ.get("TESSERA_URL", "http://127.0.0.1:8000"))
control = httpx.Client(
    base_url=f"{server}/api/control/v1",
    headers={"Authorization": f"Bearer {os.environ['TESSERA_OPERATOR_KEY']}"},
)


def post(path, **body):
    answer = control.post(path, json=body)
    if answer.is_error:
        sys.exit(f"{path}: {answer.json()['message']}")
    return answer.json()


tenant, owner = sys.argv[1:]
post("/tenants", name=tenant)
post(f"/tenants/{tenant}/invitations", email=owner, role="owner")
post(f"/tenants/{tenant}/databases", name="main")
key = post(f"/tenants/{tenant}/keys", name="first", template="full")["secret"]

is_https = server.scheme == "https"
port = server.port or (443 if is_https else 80)
place = {"cloud_host": server.host, "cloud_port": port, "enable_ssl": is_https}
client = chromadb.CloudClient(tenant=tenant, database="main", api_key=key, **place)
notes = client.create_collection("notes", embedding_function=None)
notes.add(ids=["1", "2"], embeddings=[[1.0, 0.0], [0.0, 1.0]], documents=["a tile", "a mosaic"])
found = notes.query(query_embeddings=[[0.1, 0.9]], n_results=1)
print(found["documents"][0][0])
