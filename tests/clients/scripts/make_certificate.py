"""Writes into this folder a certificate authority, and a certificate of it for the names the tests use."""

from __future__ import annotations

import json

import trustme

authority = trustme.CA()
certificate = authority.issue_cert("127.0.0.1", "localhost", "api.trychroma.com")
authority.cert_pem.write_to_path("authority.pem")
certificate.private_key_and_cert_chain_pem.write_to_path("server.pem")
print(json.dumps(["authority.pem", "server.pem"]))
