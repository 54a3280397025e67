// @qdrant/js-client-rest, unchanged, against the server at argv[2].
import assert from 'node:assert/strict';
import { QdrantClient } from '@qdrant/js-client-rest';

const client = new QdrantClient({ url: process.argv[2] });
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
assert.equal((await client.search('js', { vector: query, limit: 3 })).length, 3);
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
console.log('ok');
