// SHA-256, compared with node's.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { Sha256, sha256 } from '../shared/sha256.js';

const bytesOf = (n) => Uint8Array.from({ length: n }, (_, i) => i * 7 + n);
const nodes = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('it is SHA-256 at every length around the ends of blocks', () => {
  for (let n = 0; n < 200; n++) {
    const hex = [...sha256(bytesOf(n))].map((x) => (x >>> 0).toString(16).padStart(8, '0')).join('');
    assert.equal(hex, nodes(bytesOf(n)), `of ${n} bytes`);
  }
});

test('pieces of any lengths give the hash of the whole', () => {
  const all = bytesOf(5000);
  for (const sizes of [[1], [63, 2], [64], [65, 1, 190], [0, 3, 128], [4999, 1]]) {
    const hash = new Sha256();
    for (let at = 0, i = 0; at < all.length; i++) {
      const n = sizes[i % sizes.length];
      hash.update(all.subarray(at, at + n));
      at += n;
    }
    assert.equal(hash.hex(), nodes(all), `in pieces of ${sizes}`);
  }
});

test('a length whose bits need more than 32 bits', { skip: !process.env.PINDESK_LONG }, () => {
  const piece = new Uint8Array(1 << 20).fill(5);
  const hash = new Sha256();
  const node = createHash('sha256');
  for (let i = 0; i < 513; i++) { // 2^29 bytes and one piece
    hash.update(piece);
    node.update(piece);
  }
  assert.equal(hash.hex(), node.digest('hex'));
});
