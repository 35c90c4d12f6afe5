// A request as a program: Python and JavaScript with the published clients, and curl. [pure]
//   request  {kind: "query" | "get" | "search", members: [[name, node], …], similarTo: id or null, text: or null}
//   place    {origin, host, port, isSecure, tenant, database, collection, collectionId}
import { array, object, string, write } from "./json.js";
import { isForClients } from "./where.js";

const KEY = "CHROMA_API_KEY";
const CAMEL = { query_embeddings: "queryEmbeddings", query_texts: "queryTexts", n_results: "nResults", where_document: "whereDocument", group_by: "groupBy", read_level: "readLevel" };

const inPython = (node, indent = "") => write(node, { words: ["True", "False", "None"], indent: "    " }, indent);
// {"__proto__": …} would set a prototype; in brackets it is a name like any other.
const nameInScript = (name) => name === "__proto__" ? '["__proto__"]' : /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
const inScript = (node, indent = "") => write(node, { name: nameInScript, indent: "  " }, indent);
const inShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function pathOf(place, operation) {
  const parts = ["api", "v2", "tenants", place.tenant, "databases", place.database, "collections", place.collectionId, operation];
  return place.origin + parts.map((part) => `/${encodeURIComponent(part).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)}`).join("");
}

const found = (request, name) => request.members.find(([one]) => one === name)?.[1] ?? null;
const EMBEDDING_OF = (id) => object([["ids", array([string(id)])], ["include", array([string("embeddings")])]]);

// Whether the clients themselves can send it; otherwise a plain HTTP request is made.
function isPlain(request) {
  if (request.kind === "search") return true;
  return isForClients({ where: found(request, "where"), where_document: found(request, "where_document") });
}

// --- Python ----------------------------------------------------------------------------------------

export function python(request, place) {
  if (!isPlain(request)) return pythonByHttp(request, place);
  const imports = ["import os", "", "import chromadb"];
  if (request.kind === "search") imports.push("from chromadb.execution.expression import Search");
  const lines = [
    ...imports,
    "",
    "client = chromadb.CloudClient(",
    `    tenant=${JSON.stringify(place.tenant)},`,
    `    database=${JSON.stringify(place.database)},`,
    `    api_key=os.environ["${KEY}"],`,
    `    cloud_host=${JSON.stringify(place.host)},`,
    `    cloud_port=${place.port},`,
    `    enable_ssl=${place.isSecure ? "True" : "False"},`,
    ")",
    `collection = client.get_collection(${JSON.stringify(place.collection)})`,
  ];
  if (request.kind === "search") return [...lines, ...searchesInPython(request), "print(results)", ""].join("\n");
  const members = request.members.map(([name, node]) => `    ${name}=${inPython(node, "    ")},`);
  if (request.text !== null) members.unshift(`    query_texts=[${JSON.stringify(request.text)}],  # the collection's embedding function makes the vector`);
  if (request.similarTo !== null) {
    lines.push(`like = collection.get(ids=[${JSON.stringify(request.similarTo)}], include=["embeddings"])`);
    members.unshift('    query_embeddings=like["embeddings"],');
  }
  return [...lines, `results = collection.${request.kind}(`, ...members, ")", "print(results)", ""].join("\n");
}

function searchesInPython(request) {
  const names = { filter: "where", rank: "rank", group_by: "group_by", limit: "limit", select: "select" };
  const searches = (found(request, "searches")?.parts ?? []).map((payload) => {
    const given = payload.members.filter(({ key, value }) => Object.hasOwn(names, key) && isGiven(key, value));
    const parts = given.map(({ key, value }) => `            ${names[key]}=${inPython(value, "            ")},`);
    return ["        Search(", ...parts, "        ),"].join("\n");
  });
  const level = found(request, "read_level");
  const levels = level ? [`    read_level=ReadLevel(${JSON.stringify(level.value)}),`] : [];
  const imports = level ? ["from chromadb.api.types import ReadLevel", ""] : [];
  return [...imports, "results = collection.search(", "    [", ...searches, "    ],", ...levels, ")"];
}

// What is empty or null asks nothing, and the clients refuse some of it.
function isGiven(key, node) {
  return node.type !== "null" && !(node.type === "object" && !node.members.length && key !== "limit");
}

function pythonByHttp(request, place) {
  const body = bodyOf(request);
  const lines = [
    "# The Python client refuses this filter before it sends it; over HTTP the service takes it.",
    "import json",
    "import os",
    "from urllib.request import Request, urlopen",
    "",
    `HEADERS = {"x-chroma-token": os.environ["${KEY}"], "Content-Type": "application/json"}`,
    "",
    "",
    "def call(url, body):",
    '    request = Request(url, json.dumps(body).encode(), HEADERS, method="POST")',
    "    with urlopen(request) as response:",
    "        return json.load(response)",
    "",
    "",
    `body = ${inPython(body)}`,
  ];
  if (request.similarTo !== null) {
    lines.push(`like = call(${JSON.stringify(pathOf(place, "get"))}, ${inPython(EMBEDDING_OF(request.similarTo))})`);
    lines.push('body["query_embeddings"] = like["embeddings"]');
  }
  return [...lines, `print(call(${JSON.stringify(pathOf(place, request.kind))}, body))`, ""].join("\n");
}

// --- JavaScript ------------------------------------------------------------------------------------

export function javascript(request, place) {
  if (!isPlain(request)) return javascriptByHttp(request, place);
  const lines = [
    'import { ChromaClient } from "chromadb";',
    "",
    "const client = new ChromaClient({",
    `  host: ${JSON.stringify(place.host)},`,
    `  port: ${place.port},`,
    `  ssl: ${place.isSecure},`,
    `  tenant: ${JSON.stringify(place.tenant)},`,
    `  database: ${JSON.stringify(place.database)},`,
    `  headers: { "x-chroma-token": process.env.${KEY} },`,
    "});",
    `const collection = await client.getCollection({ name: ${JSON.stringify(place.collection)} });`,
  ];
  if (request.kind === "search") {
    const payloads = (found(request, "searches")?.parts ?? []).map((payload) => `  ${inScript(asInit(payload), "  ")},`);
    const level = found(request, "read_level");
    const options = level ? `, { readLevel: ${JSON.stringify(level.value)} }` : "";
    return [...lines, "const results = await collection.search([", ...payloads, `]${options});`, "console.log(results);", ""].join("\n");
  }
  const members = request.members.map(([name, node]) => `  ${CAMEL[name] ?? name}: ${inScript(node, "  ")},`);
  if (request.text !== null) members.unshift(`  queryTexts: [${JSON.stringify(request.text)}], // the collection's embedding function makes the vector`);
  if (request.similarTo !== null) {
    lines.push(`const like = await collection.get({ ids: [${JSON.stringify(request.similarTo)}], include: ["embeddings"] });`);
    members.unshift("  queryEmbeddings: like.embeddings,");
  }
  return [...lines, `const results = await collection.${request.kind}({`, ...members, "});", "console.log(results);", ""].join("\n");
}

const INIT = { filter: "where", group_by: "groupBy" };
function asInit(payload) {
  const given = payload.members.filter(({ key, value }) => isGiven(key, value));
  return object(given.map(({ key, value }) => [Object.hasOwn(INIT, key) ? INIT[key] : key, value]));
}

function javascriptByHttp(request, place) {
  const lines = [
    "// The JavaScript client refuses this filter before it sends it; over HTTP the service takes it.",
    "async function call(url, body) {",
    `  const headers = { "x-chroma-token": process.env.${KEY}, "Content-Type": "application/json" };`,
    '  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });',
    "  if (!response.ok) throw new Error(await response.text());",
    "  return response.json();",
    "}",
    "",
    `const body = ${inScript(bodyOf(request))};`,
  ];
  if (request.similarTo !== null) {
    lines.push(`const like = await call(${JSON.stringify(pathOf(place, "get"))}, ${inScript(EMBEDDING_OF(request.similarTo))});`);
    lines.push("body.query_embeddings = like.embeddings;");
  }
  return [...lines, `console.log(await call(${JSON.stringify(pathOf(place, request.kind))}, body));`, ""].join("\n");
}

// --- curl ------------------------------------------------------------------------------------------

export function curl(request, place) {
  if (request.text !== null) {
    return "# A text becomes a vector in your program: the service has no embedding model.\n# Take the vector from there and choose “A vector”, or let the Python client make it.\n";
  }
  const command = (operation, data) => [
    `curl -sS -X POST ${inShell(pathOf(place, operation))}`,
    `-H "x-chroma-token: $${KEY}"`,
    "-H 'Content-Type: application/json'",
    `-d ${data}`,
  ].join(" \\\n  ");
  if (request.similarTo === null) return `${command(request.kind, inShell(write(bodyOf(request))))}\n`;
  const embedding = command("get", inShell(write(EMBEDDING_OF(request.similarTo))));
  const rest = write(bodyOf(request)).slice(1);
  const data = `'{"query_embeddings": '"$EMBEDDING"${inShell(`${rest === "}" ? "" : ", "}${rest}`)}`;
  return [
    `EMBEDDING=$(${embedding} \\\n  | sed -E 's/.*"embeddings":(\\[\\[[^]]*\\]\\]).*/\\1/')`,
    command("query", data),
    "",
  ].join("\n");
}

// The body that the wire is sent; without the vector where it comes from a record.
export function bodyOf(request) {
  return object(request.members);
}

export const LANGUAGES = { python: ["Python", python], javascript: ["JavaScript", javascript], curl: ["curl", curl] };
