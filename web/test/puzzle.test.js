// The puzzle, with the vectors that Go finds as well.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { MAX_BITS, solve } from '../shared/puzzle.js';

const vectors = JSON.parse(readFileSync(new URL('../../internal/puzzle/testdata/vectors.json', import.meta.url), 'utf8'));

test('every vector has the answer that Go finds', async () => {
  assert.ok(vectors.length >= 5);
  for (const { challenge, bits, answer } of vectors) assert.equal(await solve(challenge, bits), answer);
});

test('it pauses every few milliseconds, and two at once do not disturb each other', async () => {
  const [a, b] = vectors.filter((v) => v.bits >= 11);
  let time = 0, pauses = 0;
  const env = { now: () => (time += 5), pause: async () => { pauses++; } };
  assert.deepEqual(await Promise.all([solve(a.challenge, a.bits, env), solve(b.challenge, b.bits, env)]), [a.answer, b.answer]);
  assert.ok(pauses > 2, `${pauses} pauses`);
});

test('it gives up when nobody wants the answer, and on what is no puzzle of ours', async () => {
  const slow = { now: (() => { let t = 0; return () => (t += 20); })(), pause: async () => {} };
  assert.equal(await solve('never', MAX_BITS, { ...slow, wanted: () => false }), null);
  for (const [challenge, bits] of [['', 1], ['x'.repeat(257), 1], ['x', MAX_BITS + 1], ['x', -1], ['x', NaN], [undefined, 1], ['x', undefined]]) {
    assert.equal(await solve(challenge, bits), null);
  }
});
