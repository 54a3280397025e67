// The OpenAI client for JavaScript against the server at argv[2] with the model argv[3].
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [, , url, model] = process.argv;
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused' });
const input = ['To rotate a key, add the new one first.', 'Whales sing.', 'größe 検索'];

// Without encoding_format the client asks for base64 and decodes it.
const decoded = await client.embeddings.create({ model, input });
const floats = await client.embeddings.create({ model, input, encoding_format: 'float' });
assert.equal(decoded.data.length, 3);
decoded.data.forEach((row, i) => {
  assert.equal(row.index, i);
  assert.equal(row.embedding.length, 384);
  row.embedding.forEach((value, k) => assert.ok(Math.abs(value - floats.data[i].embedding[k]) < 1e-6));
});
const single = await client.embeddings.create({ model, input: input[1] });
const cosine = single.data[0].embedding.reduce((sum, x, k) => sum + x * decoded.data[1].embedding[k], 0);
assert.ok(cosine > 0.999, `${cosine}`);
assert.ok(single.usage.prompt_tokens > 2);
await assert.rejects(client.embeddings.create({ model: 'absent', input: 'x' }), (error) => error.status === 404);
await assert.rejects(client.embeddings.create({ model, input: '' }), (error) => error.status === 400);
console.log('ok');
