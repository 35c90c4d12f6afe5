// What moved between two lists of results. [pure]

// For each id of a list: where it stands in the other one, and how that compares.
//   {kind: "only" | "same" | "up" | "down", places, other}: places moved, and its place there, from 1
export function moves(ids, others) {
  const places = new Map(others.map((id, at) => [id, at + 1]));
  return ids.map((id, at) => {
    const other = places.get(id) ?? null;
    if (other === null) return { kind: "only", places: 0, other };
    const climbed = other - (at + 1);
    return { kind: climbed === 0 ? "same" : climbed > 0 ? "up" : "down", places: Math.abs(climbed), other };
  });
}

// Such a move in words, beside its mark.
export function inWords(move, otherName) {
  if (move.kind === "only") return { mark: "only here", words: `not in ${otherName}` };
  if (move.kind === "same") return { mark: "=", words: `at the same place in ${otherName}` };
  const sign = move.kind === "up" ? "▲" : "▼";
  return { mark: `${sign} ${move.places}`, words: `at place ${move.other} in ${otherName}` };
}

// The lists of an answer of the wire, one per query or search: ids, distances, documents, metadatas, uris by record.
//   answer: a Map, as json.js makes it plain
export function listsOf(kind, answer) {
  const column = (name, at) => {
    const found = answer.get(name) ?? null;
    return kind === "get" ? found : found?.[at] ?? null;
  };
  const lists = kind === "get" ? [answer.get("ids")] : answer.get("ids");
  return lists.map((ids, at) => {
    const numbers = column(kind === "search" ? "scores" : "distances", at);
    const columns = { documents: column("documents", at), metadatas: column("metadatas", at), uris: column("uris", at), embeddings: column("embeddings", at) };
    return ids.map((id, place) => ({
      id,
      distance: numbers?.[place] ?? null,
      document: columns.documents?.[place] ?? null,
      metadata: columns.metadatas?.[place] ?? null,
      uri: columns.uris?.[place] ?? null,
      embedding: columns.embeddings?.[place] ?? null,
    }));
  });
}
