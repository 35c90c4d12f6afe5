"""The lines that connect to this very server, in each language that has a client.

The key is among them only in the moment in which it was made: elsewhere they read it from the environment.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.http import HttpRequest

PLACEHOLDER = "ck-…"  # stands where a key belongs that we cannot show


@dataclass(frozen=True)
class Target:
    """Where a client connects to.

    host:     without a port; an IPv6 address stands in brackets
    secret:   the key, or PLACEHOLDER
    """

    host: str
    port: int
    is_secure: bool
    tenant_name: str
    database_name: str
    secret: str = PLACEHOLDER

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self.is_secure else 'http'}://{self.host}:{self.port}"

    @property
    def has_secret(self) -> bool:
        """Whether the key itself is known."""
        return self.secret != PLACEHOLDER


@dataclass(frozen=True)
class Snippet:
    """Lines to paste.

    name:     unique on a page, and part of its elements' ids
    install:  what to run before, or empty
    """

    name: str
    label: str
    install: str
    text: str


def target(
    request: HttpRequest, *, tenant_name: str, database_name: str | None, secret: str = PLACEHOLDER
) -> Target:
    """This server under the address at which the browser reached it."""
    address = urlsplit(f"//{request.get_host()}")
    host = address.hostname or "localhost"
    return Target(
        host=f"[{host}]" if ":" in host else host,
        port=address.port or (443 if request.is_secure() else 80),
        is_secure=request.is_secure(),
        tenant_name=tenant_name,
        database_name=database_name or "default",
        secret=secret,
    )


def connect(
    request: HttpRequest, *, tenant_name: str, database_name: str | None, secret: str = PLACEHOLDER
) -> str:
    """A Python CloudClient for this server; paste and run."""
    return python(target(request, tenant_name=tenant_name, database_name=database_name, secret=secret)).text


def fill(where: Target, *, collection_name: str) -> str:
    """The first records of a collection, in Python; paste and run."""
    return python(where).text.removesuffix("print(client.list_collections())\n") + (
        f"collection = client.get_collection({_quoted(collection_name)})\n"
        "collection.add(\n"
        '    ids=["a", "b"],\n'
        '    documents=["The first document", "The second one"],\n'
        '    metadatas=[{"year": 1999}, {"year": 2001}],\n'
        ")\n"
        "print(collection.count())\n"
    )


def every(where: Target) -> list[Snippet]:
    """Each language, the most asked for first."""
    makers: tuple[Callable[[Target], Snippet], ...] = (
        python,
        javascript,
        rust,
        go,
        curl,
        langchain,
        llama_index,
    )
    return [make(where) for make in makers]


def env(where: Target) -> str:
    """A `.env` block; programs read these names, and so do the other snippets."""
    values = {
        "CHROMA_HOST": where.host,
        "CHROMA_PORT": str(where.port),
        "CHROMA_SSL": "true" if where.is_secure else "false",
        "CHROMA_TENANT": where.tenant_name,
        "CHROMA_DATABASE": where.database_name,
        "CHROMA_API_KEY": where.secret,
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def python(where: Target) -> Snippet:
    """`chromadb`, or the slimmer `chromadb-client`."""
    secret = _quoted(where.secret) if where.has_secret else 'os.environ["CHROMA_API_KEY"]'
    arguments = {
        "tenant": _quoted(where.tenant_name),
        "database": _quoted(where.database_name),
        "api_key": secret,
        "cloud_host": _quoted(where.host),
        "cloud_port": str(where.port),
        "enable_ssl": str(where.is_secure),
    }
    lines = "".join(f"    {name}={value},\n" for name, value in arguments.items())
    imports = "import chromadb\n" if where.has_secret else "import os\n\nimport chromadb\n"
    text = f"{imports}\nclient = chromadb.CloudClient(\n{lines})\nprint(client.list_collections())\n"
    return Snippet("python", "Python", "pip install chromadb", text)


def javascript(where: Target) -> Snippet:
    """`chromadb` of npm."""
    secret = _quoted(where.secret) if where.has_secret else "process.env.CHROMA_API_KEY"
    text = f"""import {{ ChromaClient }} from "chromadb";

const client = new ChromaClient({{
  host: {_quoted(where.host)},
  port: {where.port},
  ssl: {"true" if where.is_secure else "false"},
  tenant: {_quoted(where.tenant_name)},
  database: {_quoted(where.database_name)},
  headers: {{ "x-chroma-token": {secret} }},
}});
console.log(await client.listCollections());
"""
    return Snippet("javascript", "JavaScript", "npm install chromadb", text)


def rust(where: Target) -> Snippet:
    """The crate `chroma`. Source: its documentation, ChromaHttpClientOptions."""
    secret = f"{_quoted(where.secret)}" if where.has_secret else '&std::env::var("CHROMA_API_KEY")?'
    text = f"""use chroma::client::{{ChromaAuthMethod, ChromaHttpClientOptions}};
use chroma::ChromaHttpClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {{
    let client = ChromaHttpClient::new(ChromaHttpClientOptions {{
        endpoint: {_quoted(where.origin)}.parse()?,
        auth_method: ChromaAuthMethod::cloud_api_key({secret})?,
        tenant_id: Some({_quoted(where.tenant_name)}.to_string()),
        database_name: Some({_quoted(where.database_name)}.to_string()),
        ..Default::default()
    }});
    println!("{{:?}}", client.list_collections(10, None).await?);
    Ok(())
}}
"""
    return Snippet("rust", "Rust", "cargo add chroma && cargo add tokio --features full", text)


def go(where: Target) -> Snippet:
    """`chroma-go`. Source: its documentation, Chroma Client."""
    secret = _quoted(where.secret) if where.has_secret else 'os.Getenv("CHROMA_API_KEY")'
    imports = '"context"\n\t"fmt"' + ("" if where.has_secret else '\n\t"os"')
    text = f"""package main

import (
\t{imports}

\tchroma "github.com/amikos-tech/chroma-go/pkg/api/v2"
)

func main() {{
\tclient, err := chroma.NewHTTPClient(
\t\tchroma.WithBaseURL({_quoted(where.origin)}),
\t\tchroma.WithDatabaseAndTenant({_quoted(where.database_name)}, {_quoted(where.tenant_name)}),
\t\tchroma.WithAuth(chroma.NewTokenAuthCredentialsProvider({secret}, chroma.XChromaTokenHeader)),
\t)
\tif err != nil {{
\t\tpanic(err)
\t}}
\tcollections, err := client.ListCollections(context.Background())
\tif err != nil {{
\t\tpanic(err)
\t}}
\tfmt.Println(collections)
}}
"""
    return Snippet("go", "Go", "go get github.com/amikos-tech/chroma-go", text)


def curl(where: Target) -> Snippet:
    """Plain REST."""
    place = f"/tenants/{quote(where.tenant_name, safe='')}/databases/{quote(where.database_name, safe='')}"
    address = shlex.quote(f"{where.origin}/api/v2{place}/collections")
    secret = where.secret if where.has_secret else "$CHROMA_API_KEY"
    return Snippet("curl", "curl", "", f'curl -sS {address} \\\n  -H "x-chroma-token: {secret}"\n')


def langchain(where: Target) -> Snippet:
    """`langchain-chroma`."""
    secret = _quoted(where.secret) if where.has_secret else 'os.environ["CHROMA_API_KEY"]'
    imports = "" if where.has_secret else "import os\n\n"
    text = f"""{imports}from langchain_chroma import Chroma
from langchain_core.embeddings import DeterministicFakeEmbedding  # in place of your model

store = Chroma(
    collection_name="notes",
    embedding_function=DeterministicFakeEmbedding(size=8),
    host={_quoted(where.host)},
    port={where.port},
    ssl={where.is_secure},
    headers={{"x-chroma-token": {secret}}},
    tenant={_quoted(where.tenant_name)},
    database={_quoted(where.database_name)},
)
store.add_texts(["first", "second"], ids=["a", "b"])
print(store.similarity_search("first", k=1))
"""
    return Snippet("langchain", "LangChain", "pip install langchain-chroma", text)


def llama_index(where: Target) -> Snippet:
    """`llama-index-vector-stores-chroma`."""
    connected = python(where).text.removesuffix("print(client.list_collections())\n")
    text = f"""{connected}
from llama_index.core import MockEmbedding, StorageContext, VectorStoreIndex  # MockEmbedding: your model
from llama_index.core.schema import TextNode
from llama_index.vector_stores.chroma import ChromaVectorStore

store = ChromaVectorStore(chroma_collection=client.get_or_create_collection("notes", embedding_function=None))
index = VectorStoreIndex(
    [TextNode(id_="a", text="first"), TextNode(id_="b", text="second")],
    storage_context=StorageContext.from_defaults(vector_store=store),
    embed_model=MockEmbedding(embed_dim=8),
)
print(index.as_retriever(similarity_top_k=1).retrieve("first"))
"""
    return Snippet("llama-index", "LlamaIndex", "pip install llama-index-vector-stores-chroma", text)


def _quoted(text: str) -> str:
    """A string literal of each of these languages: JSON's is one."""
    return json.dumps(text, ensure_ascii=False)
