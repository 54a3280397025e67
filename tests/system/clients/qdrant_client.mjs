// @qdrant/js-client-rest, unchanged, against the server at argv[2]; and version 1.18, the last one that searches over points/search.
import assert from 'node:assert/strict';
import { File } from 'node:buffer';

// The client brings undici, which wants a global that Node 18 (Debian 12's) keeps in a module.
globalThis.File ??= File;
const { QdrantClient } = await import('@qdrant/js-client-rest');
const { QdrantClient: OlderClient } = await import('qdrant-client-rest-1.18');

const client = new QdrantClient({ url: process.argv[2] });
const older = new OlderClient({ url: process.argv[2] });
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

assert.deepEqual((await client.getCollections()).collections, []);
assert.equal((await client.collectionExists('js')).exists, false);
assert.equal(await client.createCollection('js', { vectors: { size: 4, distance: 'Dot' } }), true);
await assert.rejects(client.createCollection('js', { vectors: { size: 4, distance: 'Dot' } }), /409|Conflict/);

const points = Array.from({ length: 120 }, (_, n) => ({
  id: n % 2 === 0 ? n : `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  vector: [n / 8, (n * 7 % 13) / 4, (n * 5 % 11) / 2, 1],
  payload: { n, colour: n % 3 === 0 ? 'red' : 'blue', text: `größe ${n}` },
}));
assert.equal((await client.upsert('js', { wait: true, points })).status, 'completed');
assert.equal((await client.count('js', { exact: true })).count, 120);
assert.equal((await client.getCollection('js')).points_count, 120);

const query = [-0.5, 1, 0.25, 0];
const best = points.map((p) => dot(query, p.vector)).sort((a, b) => b - a).slice(0, 8);
const found = (await client.query('js', { query, limit: 8, with_payload: true, with_vector: true })).points;
assert.equal(found.length, 8);
found.forEach((hit, i) => {
  assert.ok(Math.abs(hit.score - best[i]) < 1e-4);
  const sent = points[hit.payload.n];
  assert.deepEqual([hit.id, hit.vector, hit.payload], [sent.id, sent.vector, sent.payload]);
});
assert.equal((await older.search('js', { vector: query, limit: 3 })).length, 3);
const batch = await client.queryBatch('js', { searches: [{ query, limit: 2 }, { query: points[3].vector, limit: 1 }] });
assert.deepEqual(batch.map((b) => b.points.length), [2, 1]);

const seen = [];
for (let offset; ;) {
  const page = await client.scroll('js', { limit: 50, offset, with_payload: ['n'] });
  seen.push(...page.points.map((p) => p.payload.n));
  offset = page.next_page_offset;
  if (offset == null) break;
}
assert.deepEqual(seen.sort((a, b) => a - b), points.map((p) => p.payload.n));

const red = { must: [{ key: 'colour', match: { value: 'red' } }] };
assert.equal((await client.count('js', { filter: red })).count, 40);
const some = await client.retrieve('js', { ids: [points[1].id, 2, 99999998] });
assert.deepEqual(some.map((p) => p.payload.n).sort(), [1, 2]);
await client.delete('js', { wait: true, filter: red });
await client.delete('js', { wait: true, points: [points[1].id] });
assert.equal((await client.count('js')).count, 79);
await assert.rejects(client.upsert('js', { wait: true, points: [{ id: 1, vector: [1, 2] }] }), (error) => {
  assert.match(JSON.stringify(error.data), /expected dim: 4, got 2/);
  return true;
});
await assert.rejects(client.count('absent'));
assert.equal(await client.deleteCollection('js'), true);

// ── A whole application: create → upsert → index → filter → query → hybrid with prefetch → groups → facets → delete ──

const units = Array.from({ length: 60 }, (_, n) => ({
  id: n + 1,
  vector: {
    dense: [Math.cos(n), Math.sin(n), n / 60],
    words: { indices: [n % 7, 10 + (n % 5)], values: [1 + (n % 4), 0.5] },
    parts: [[n % 3, 1], [n % 5, -1]],
  },
  payload: {
    n, colour: ['red', 'green', 'blue'][n % 3], tags: [`t${n % 4}`, `u${n % 6}`], price: n / 4, document: n % 10,
    when: `2024-01-${String(n % 28 + 1).padStart(2, '0')}T00:00:00Z`, place: { lon: n / 2, lat: n / 3 }, items: [{ kind: 'a', size: n % 5 }],
  },
}));
const config = {
  vectors: {
    dense: { size: 3, distance: 'Dot', hnsw_config: { m: 24 } },
    parts: { size: 2, distance: 'Dot', multivector_config: { comparator: 'max_sim' } },
  },
  sparse_vectors: { words: { modifier: 'idf' } },
};
assert.equal(await client.createCollection('app', config), true);
assert.equal((await client.upsert('app', { wait: true, points: units })).status, 'completed');
const schemas = { colour: 'keyword', n: { type: 'integer', lookup: true, range: true }, price: 'float', when: 'datetime', place: 'geo', tags: 'keyword' };
for (const [field_name, field_schema] of Object.entries(schemas)) {
  assert.equal((await client.createPayloadIndex('app', { field_name, field_schema, wait: true })).status, 'completed');
}
const info = await client.getCollection('app');
assert.deepEqual(info.config.params.vectors, config.vectors);
assert.deepEqual(info.config.params.sparse_vectors, config.sparse_vectors);
assert.deepEqual(Object.keys(info.payload_schema).sort(), Object.keys(schemas).sort());
assert.deepEqual(info.payload_schema.n, { data_type: 'integer', params: schemas.n, points: 60 });
assert.deepEqual(info.payload_schema.colour, { data_type: 'keyword', points: 60 });

const idsOf = (points) => points.map((p) => p.id);
const byNumber = (a, b) => a - b;
const wanted = (test) => units.filter((u) => test(u.payload)).map((u) => u.id);
const filters = [
  [{ must: [{ key: 'colour', match: { value: 'red' } }] }, (p) => p.colour === 'red'],
  [{ must_not: [{ key: 'tags', match: { any: ['t1', 'u2'] } }] }, (p) => !p.tags.includes('t1') && !p.tags.includes('u2')],
  [{ must: [{ key: 'price', range: { gte: 3, lt: 9 } }] }, (p) => p.price >= 3 && p.price < 9],
  [{ must: [{ key: 'when', range: { gte: '2024-01-05T00:00:00Z', lte: '2024-01-09T00:00:00Z' } }] }, (p) => p.when >= '2024-01-05' && p.when < '2024-01-10'],
  [{ must: [{ nested: { key: 'items', filter: { must: [{ key: 'size', range: { gte: 4 } }] } } }] }, (p) => p.n % 5 === 4],
  [{ should: [{ key: 'n', match: { value: 5 } }, { has_id: [1, 2] }] }, (p) => [0, 1, 5].includes(p.n)],
  [{ must: [{ key: 'place', geo_bounding_box: { top_left: { lon: 4.5, lat: 10 }, bottom_right: { lon: 10.5, lat: 3.5 } } }] },
    (p) => p.place.lon >= 4.5 && p.place.lon <= 10.5 && p.place.lat >= 3.5 && p.place.lat <= 10],
];
const towards = [0.5, -0.25, 1];
for (const [filter, test] of filters) {
  const found = await client.scroll('app', { filter, limit: 100, with_payload: false });
  assert.deepEqual(idsOf(found.points), wanted(test), JSON.stringify(filter));
  assert.equal((await client.count('app', { filter, exact: true })).count, wanted(test).length);
  const nearest = (await client.query('app', { query: towards, using: 'dense', filter, limit: 100 })).points;
  assert.deepEqual(idsOf(nearest).sort(byNumber), wanted(test));
  const scores = units.filter((u) => test(u.payload)).map((u) => dot(towards, u.vector.dense)).sort((a, b) => b - a);
  nearest.forEach((hit, i) => assert.ok(Math.abs(hit.score - scores[i]) < 1e-5));
}

const prefetch = [
  { query: towards, using: 'dense', limit: 15 },
  { query: { indices: [2, 11], values: [1, 2] }, using: 'words', limit: 10 },
  { query: [[1, 0], [0, 1]], using: 'parts', limit: 5 },
];
const legs = (await client.queryBatch('app', { searches: prefetch })).map((leg) => leg.points);
assert.deepEqual(legs.map((leg) => leg.length), [15, 10, 5]);
const fused = new Map();
legs.forEach((leg) => leg.forEach((hit, i) => fused.set(hit.id, (fused.get(hit.id) ?? 0) + 1 / (i + 2))));
const hybrid = (await client.query('app', { prefetch, query: { fusion: 'rrf' }, limit: 100, with_payload: ['n'] })).points;
assert.deepEqual(idsOf(hybrid).sort(byNumber), [...fused.keys()].sort(byNumber));
hybrid.forEach((hit) => assert.ok(Math.abs(hit.score - fused.get(hit.id)) < 1e-6));
assert.deepEqual(hybrid[0].payload, { n: hybrid[0].id - 1 });
assert.equal((await client.query('app', { prefetch, query: { fusion: 'dbsf' }, limit: 7 })).points.length, 7);

const { groups } = await client.queryGroups('app', { query: towards, using: 'dense', group_by: 'document', limit: 4, group_size: 2 });
const perDocument = Map.groupBy
  ? Map.groupBy(units, (u) => u.payload.document)
  : units.reduce((map, u) => map.set(u.payload.document, [...(map.get(u.payload.document) ?? []), u]), new Map());
const expectedGroups = [...perDocument].map(([document, members]) => [document,
  members.map((u) => dot(towards, u.vector.dense)).sort((a, b) => b - a).slice(0, 2)]).sort((a, b) => b[1][0] - a[1][0]).slice(0, 4);
assert.deepEqual(groups.map((g) => g.id), expectedGroups.map(([document]) => document));
groups.forEach((g, i) => g.hits.forEach((hit, k) => assert.ok(Math.abs(hit.score - expectedGroups[i][1][k]) < 1e-5)));

assert.deepEqual((await client.facet('app', { key: 'colour', exact: true })).hits,
  [{ value: 'blue', count: 20 }, { value: 'green', count: 20 }, { value: 'red', count: 20 }]);
assert.deepEqual((await client.facet('app', { key: 'tags', filter: filters[0][0], limit: 2 })).hits, [{ value: 'u0', count: 10 }, { value: 'u3', count: 10 }]);
const ordered = await client.scroll('app', { order_by: { key: 'price', direction: 'desc' }, limit: 3 });
assert.deepEqual(idsOf(ordered.points), [60, 59, 58]);

// What version 1.19 has dropped from its document.
assert.deepEqual(idsOf(await older.search('app', { vector: { name: 'dense', vector: towards }, limit: 5 })), idsOf((await client.query('app', { query: towards, using: 'dense', limit: 5 })).points));
const recommend = { positive: [1, 2], negative: [3] };
assert.deepEqual(idsOf(await older.recommend('app', { ...recommend, using: 'dense', limit: 5 })),
  idsOf((await client.query('app', { query: { recommend }, using: 'dense', limit: 5 })).points));
assert.equal((await older.searchBatch('app', { searches: [{ vector: { name: 'dense', vector: towards }, limit: 2 }] }))[0].length, 2);
assert.equal((await older.searchPointGroups('app', { vector: { name: 'dense', vector: towards }, group_by: 'document', limit: 2, group_size: 1 })).groups.length, 2);
const context = [{ positive: 1, negative: 2 }];
assert.deepEqual(idsOf(await older.discoverPoints('app', { target: 5, context, using: 'dense', limit: 4 })),
  idsOf((await client.query('app', { query: { discover: { target: 5, context } }, using: 'dense', limit: 4 })).points));

// Changes of points.
await client.setPayload('app', { payload: { new: true }, points: [1], wait: true });
await client.setPayload('app', { payload: { deep: 1 }, key: 'a.b', points: [1], wait: true });
await client.deletePayload('app', { keys: ['tags', 'items'], points: [1], wait: true });
await client.overwritePayload('app', { payload: { only: 1 }, points: [2], wait: true });
await client.clearPayload('app', { points: [3], wait: true });
await client.updateVectors('app', { points: [{ id: 1, vector: { dense: [9, 9, 9] } }], wait: true });
await client.deleteVectors('app', { points: [2], vector: ['words', 'parts'], wait: true });
const [one, two, three] = await client.retrieve('app', { ids: [1, 2, 3], with_vector: true });
assert.deepEqual([one.payload.new, one.payload.a, one.payload.tags, one.vector.dense], [true, { b: { deep: 1 } }, undefined, [9, 9, 9]]);
assert.deepEqual([two.payload, Object.keys(two.vector), three.payload], [{ only: 1 }, ['dense'], {}]);
assert.deepEqual((await client.batchUpdate('app', { wait: true, operations: [{ delete: { points: [4] } }, { set_payload: { payload: { x: 1 }, points: [5] } }] })).map((r) => r.status),
  ['completed', 'completed']);

// A vector comes and goes.
await client.createVectorName('app', 'extra', { dense: { size: 2, distance: 'Euclid' } });
await client.updateVectors('app', { points: [{ id: 6, vector: { extra: [3, 4] } }], wait: true });
assert.deepEqual((await client.query('app', { query: [0, 0], using: 'extra' })).points.map((p) => [p.id, p.score]), [[6, 5]]);
await client.deleteVectorName('app', 'extra');

// Aliases and changes of the collection.
assert.equal(await client.updateCollectionAliases({ actions: [{ create_alias: { collection_name: 'app', alias_name: 'live' } }] }), true);
assert.equal((await client.count('live')).count, 59);
assert.deepEqual((await client.getAliases()).aliases, [{ alias_name: 'live', collection_name: 'app' }]);
assert.equal(await client.updateCollection('app', { optimizers_config: { indexing_threshold: 99 }, vectors: { dense: { on_disk: true } } }), true);
const changed = (await client.getCollection('app')).config;
assert.deepEqual([changed.optimizer_config.indexing_threshold, changed.params.vectors.dense], [99, { ...config.vectors.dense, on_disk: true }]);
assert.equal((await client.deletePayloadIndex('app', 'colour', { wait: true })).status, 'completed');
assert.equal((await client.getCollection('app')).payload_schema.colour, undefined);

await client.delete('app', { wait: true, filter: { must: [{ key: 'price', range: { gte: 5 } }] } });
assert.equal((await client.count('app')).count, wanted((p) => p.price < 5).length - 1);
assert.equal(await client.deleteCollection('app'), true);
assert.equal((await client.collectionExists('app')).exists, false);
console.log('ok');
