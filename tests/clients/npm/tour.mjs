// One tour over everything that a collection can do, with any client. Returns what it saw.

export async function tour(client, name) {
  const seen = { heartbeat: await client.heartbeat(), version: await client.version() };
  const food = await client.createCollection({
    name,
    metadata: { topic: "food" },
    configuration: { hnsw: { space: "l2" } },
    embeddingFunction: null,
  });
  seen.created = { name: food.name, metadata: food.metadata };
  const again = await client.getOrCreateCollection({ name, embeddingFunction: null });
  seen.is_the_same = again.id === food.id;
  await write(food);
  Object.assign(seen, await read(food));
  const byIds = await food.delete({ ids: ["banana"] });
  const byFilter = await food.delete({ where: { grams: { $gt: 350 } } });
  seen.deleted = [byIds.deleted, byFilter.deleted];
  seen.left = (await food.get({ include: [] })).ids;

  await client.createCollection({ name: `${name}-short-lived`, embeddingFunction: null });
  await client.deleteCollection({ name: `${name}-short-lived` });
  await food.modify({ name: `${name}-renamed`, metadata: { topic: "groceries" } });
  const renamed = await client.getCollection({ name: `${name}-renamed`, embeddingFunction: null });
  seen.renamed = { name: renamed.name, metadata: renamed.metadata, is_the_same: renamed.id === food.id };
  const all = await client.listCollections();
  seen.listed = all.map((found) => found.name).filter((found) => found.startsWith(name));
  seen.errors = {
    not_found: await failure(() => client.getCollection({ name: `${name}-missing` })),
    deleted: await failure(() => client.deleteCollection({ name: `${name}-short-lived` })),
    duplicate: await failure(() =>
      client.createCollection({ name: `${name}-renamed`, embeddingFunction: null }),
    ),
    dimension: await failure(() => food.add({ ids: ["flat"], embeddings: [[1, 2]] })),
    quota: await failure(() =>
      food.add({ ids: ["long"], embeddings: [[1, 2, 3]], documents: ["x".repeat(16_385)] }),
    ),
  };
  return seen;
}

async function write(food) {
  await food.add({
    ids: ["apple", "banana", "carrot", "daikon"],
    embeddings: [[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0.9, 0.1]],
    documents: ["a red apple", "a yellow banana", "an orange carrot", "a white daikon"],
    metadatas: [
      { kind: "fruit", grams: 150 },
      { kind: "fruit", grams: 120 },
      { kind: "vegetable", grams: 60 },
      { kind: "vegetable", grams: 400 },
    ],
  });
  await food.upsert({
    ids: ["carrot", "eggplant"],
    embeddings: [[0, 1, 0.25], [0, 0.5, 0.5]],
    documents: ["a purple carrot", "a purple eggplant"],
    metadatas: [{ grams: 70 }, { kind: "vegetable", grams: 300, price: 0.25 }],
  });
  await food.update({ ids: ["apple"], metadatas: [{ grams: 200, ripe: true }] });
  await food.update({ ids: ["apple"], embeddings: [[1, 0, 0.5]], documents: ["a green apple"] });
  await food.update({ ids: ["apple"], embeddings: [[1, 0, 0]] });
}

async function read(food) {
  const found = await food.get({
    ids: ["eggplant", "apple"],
    include: ["embeddings", "documents", "metadatas"],
  });
  const nearest = await food.query({
    queryEmbeddings: [[1, 0, 0]],
    nResults: 2,
    where: { grams: { $gte: 100 } },
    whereDocument: { $not_contains: "yellow" },
    include: ["distances", "documents", "metadatas"],
  });
  const vegetables = { $and: [{ kind: "vegetable" }, { grams: { $gt: 65 } }] };
  return {
    count: await food.count(),
    by_ids: {
      ids: found.ids,
      embeddings: found.embeddings,
      documents: found.documents,
      metadatas: found.metadatas,
    },
    where: (await food.get({ where: vegetables })).ids,
    where_document: (await food.get({ whereDocument: { $contains: "purple" } })).ids,
    page: (await food.get({ limit: 2, offset: 1, include: [] })).ids,
    query: {
      ids: nearest.ids,
      distances: nearest.distances,
      documents: nearest.documents,
      metadatas: nearest.metadatas,
    },
    peek: (await food.peek({ limit: 3 })).ids,
  };
}

// Class and message of the error that must come.
export async function failure(call) {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.message];
  }
  throw new Error("it was not refused");
}
