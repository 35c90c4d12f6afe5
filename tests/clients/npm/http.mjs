// The JavaScript client over plain HTTP: ChromaClient with the key as a header.

import { ChromaClient } from "chromadb";
import { failure, tour } from "./tour.mjs";

const { TESSERA_HOST, TESSERA_PORT, TESSERA_TENANT, TESSERA_DATABASE, TESSERA_KEY } = process.env;

function connect(key) {
  return new ChromaClient({
    host: TESSERA_HOST,
    port: Number(TESSERA_PORT),
    ssl: false,
    tenant: TESSERA_TENANT,
    database: TESSERA_DATABASE,
    headers: { "x-chroma-token": key },
  });
}

const seen = await tour(connect(TESSERA_KEY), "food-http");
seen.errors.wrong_key = await failure(() => connect("ck-wrong").listCollections());
console.log(JSON.stringify(seen));
