// The JavaScript client as for Chroma Cloud: CloudClient, which always speaks TLS.

import { CloudClient } from "chromadb";
import { failure, tour } from "./tour.mjs";

const { TESSERA_HOST, TESSERA_PORT, TESSERA_TENANT, TESSERA_DATABASE, TESSERA_KEY } = process.env;
const where = { host: TESSERA_HOST, port: Number(TESSERA_PORT) };

function connect(apiKey) {
  return new CloudClient({ apiKey, tenant: TESSERA_TENANT, database: TESSERA_DATABASE, ...where });
}

const seen = await tour(connect(TESSERA_KEY), "food-cloud");
seen.errors.wrong_key = await failure(() => connect("ck-wrong").listCollections());

// Tenant and database by the key alone: it reaches one database only.
const byKey = new CloudClient({ apiKey: process.env.TESSERA_LIMITED_KEY, ...where });
await byKey.listCollections();
seen.found = { tenant: byKey.tenant, database: byKey.database };

console.log(JSON.stringify(seen));
