// The JavaScript client: searches of every kind. Prints what it saw.

import { ChromaClient, GroupBy, K, Knn, MinK, Rrf, Search } from "chromadb";

const { TESSERA_HOST, TESSERA_PORT, TESSERA_TENANT, TESSERA_DATABASE, TESSERA_KEY } = process.env;

const client = new ChromaClient({
  host: TESSERA_HOST,
  port: Number(TESSERA_PORT),
  ssl: false,
  tenant: TESSERA_TENANT,
  database: TESSERA_DATABASE,
  headers: { "x-chroma-token": TESSERA_KEY },
});
const places = await client.createCollection({ name: "js-searched", embeddingFunction: null });
await places.add({
  ids: ["a", "b", "c", "d"],
  embeddings: [[1, 0], [2, 0], [0, 1], [0, 3]],
  documents: ["first", "more", "third", "fourth"],
  metadatas: [
    { n: 1, kind: "x" },
    { n: 2, kind: "x" },
    { n: 3, kind: "y" },
    { n: 4, kind: "y" },
  ],
});

async function failure(search) {
  try {
    await search();
  } catch (error) {
    return error.message;
  }
  throw new Error("it was not refused");
}

const nearB = new Search().where(K("kind").eq("x")).rank(Knn({ query: [2, 0] })).limit(2);
const ranked = await places.search(nearB.select("n", K.SCORE));
const rows = (await places.search(nearB.select(K.DOCUMENT, K.SCORE))).rows();
const ranks = [[1, 0], [1, 0]].map((query) => Knn({ query, returnRank: true }));
const byKind = new GroupBy([K("kind")], new MinK([K.SCORE], 1));
const grouped = await places.search(new Search().rank(Knn({ query: [1, 0] })).groupBy(byKind));
const many = await places.search([new Search().limit(1), new Search().rank(Knn({ query: [0, 3], limit: 1 }))]);
const sparse = Knn({ query: { indices: [1], values: [1] }, key: "terms" });
const errors = [
  await failure(() => places.search(new Search().rank(Knn({ query: [1, 2, 3] })))),
  await failure(() => places.search(new Search().rank(sparse))),
];
console.log(
  JSON.stringify({
    ranked: { ids: ranked.ids, scores: ranked.scores, metadatas: ranked.metadatas },
    fused: (await places.search(new Search().rank(Rrf({ ranks })))).ids,
    grouped: grouped.ids,
    many: many.ids,
    rows: rows[0].map((row) => [row.id, row.document, row.score]),
    errors: [
      errors[0].match(/Collection expecting .*, got \d+/)[0],
      errors[1].includes("'SparseVector'") ? "SparseVector" : errors[1],
    ],
  }),
);
