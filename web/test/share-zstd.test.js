// The stream's compressor: what it writes is what the viewer's decompressor reads.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Frame } from '../shared/zstd.js';
import { Compressor } from '../guest/zstdenc.js';
import { Bytes } from '../guest/bytes.js';
import { huffman } from '../guest/huffman.js';
import { random } from './sharescene.js';

/** Kinds of data, each with n bytes. */
const kinds = {
  noise: (rnd, n) => Uint8Array.from({ length: n }, () => rnd(256)),
  zeros: (rnd, n) => new Uint8Array(n),
  'few symbols': (rnd, n) => Uint8Array.from({ length: n }, () => [0, 0, 0, 0, 7, 7, 200, 255][rnd(8)]),
  skewed: (rnd, n) => Uint8Array.from({ length: n }, () => Math.min(rnd(256), rnd(256), rnd(256), rnd(256))),
  'very skewed': (rnd, n) => Uint8Array.from({ length: n }, () => Math.floor(Math.log2(1 + rnd(1 << 30)) ** 2 / 4)),
  repeats: (rnd, n) => {
    const b = new Uint8Array(n);
    for (let at = 0; at < n;) {
      if (at < 100 || rnd(3) === 0) for (let i = rnd(40); i >= 0 && at < n; i--) b[at++] = rnd(16);
      else for (let i = 3 + rnd(rnd(20) === 0 ? 5000 : 60), from = at - 1 - rnd(at); i > 0 && at < n; i--) b[at++] = b[from++];
    }
    return b;
  },
  rows: (rnd, n) => {
    const b = new Uint8Array(n);
    for (let i = 0; i < n; i++) b[i] = i < 37 || rnd(50) === 0 ? rnd(9) : b[i - 37];
    return b;
  },
};

/**
 * Sends pieces through one frame.
 * @param {Compressor} z
 * @param {Uint8Array[]} pieces
 * @param {boolean} whole
 */
function check(z, pieces, whole = false) {
  const frame = new Frame();
  let packed = 0;
  pieces.forEach((piece, i) => {
    z.begin(i === 0);
    for (let at = 0; at < piece.length || at === 0; at += 50_000) z.add(piece.subarray(at, at + 50_000));
    if (whole && i === pieces.length - 1) z.end();
    else z.flush();
    assert.equal(z.raw, piece.length + (i === 0 ? 16 : 0));
    packed += z.out.length;
    assert.deepEqual(Buffer.compare(frame.push(z.out.view().slice(), z.raw), piece), 0, `piece ${i} of ${piece.length}`);
  });
  return packed;
}

for (const [name, make] of Object.entries(kinds)) {
  test(`zstd: ${name} comes back as it was`, () => {
    const rnd = random(name.length);
    const z = new Compressor();
    for (const sizes of [[0, 1, 2, 7, 30, 31, 32, 33], [1000, 1023, 1024, 1025, 4095, 4096], [5000, 16383, 16384, 90_000], [131_072, 131_073], [400_000]]) {
      check(z, sizes.map((n) => make(rnd, n)).filter((b, i) => i === 0 || b.length > 0), sizes.length % 2 === 0);
    }
  });
}

test('zstd: pieces of mixed kinds, longer than the window', () => {
  for (let seed = 1; seed <= 6; seed++) {
    const rnd = random(seed);
    const makes = Object.values(kinds);
    const pieces = [];
    for (let total = 0; total < 3 << 20;) {
      const piece = makes[rnd(makes.length)](rnd, 1 + rnd(rnd(4) === 0 ? 300_000 : 3000));
      const old = pieces[rnd(pieces.length || 1)];
      pieces.push(old && rnd(3) === 0 ? old : piece); // what was there before, at any distance
      total += pieces.at(-1).length;
    }
    check(new Compressor(), pieces);
  }
});

test('zstd: it is worth its bytes', () => {
  const rnd = random(5);
  const text = 'The quick brown fox jumps over the lazy dog. '.split('');
  const lines = Buffer.from(Array.from({ length: 40_000 }, () => text[rnd(text.length)]).join(''));
  const order0 = check(new Compressor(), [new Uint8Array(lines)]);
  assert.ok(order0 < 0.62 * lines.length, `letters: ${order0}`);
  const again = check(new Compressor(), [new Uint8Array(lines), new Uint8Array(lines)]);
  assert.ok(again < order0 + 200, `the same again: ${again - order0}`);
});

test('Huffman codes of any counts are whole', () => {
  const rnd = random(9);
  for (let i = 0; i < 300; i++) {
    const counts = new Uint32Array(256);
    const n = 2 + rnd(255);
    for (let k = 0; k < n; k++) counts[rnd(256)] = 1 + Math.floor(2 ** (rnd(300) / 10) % 1e6);
    if (counts.filter((c) => c > 0).length < 2) counts[0] = counts[1] = 1;
    const { lengths } = huffman(counts);
    assert.equal(lengths.reduce((sum, l) => sum + (l > 0 ? 2 ** -l : 0), 0), 1);
    assert.ok(lengths.every((l, s) => l <= 11 && (l > 0) === (counts[s] > 0)));
  }
});

test('bytes grow and keep what they hold', () => {
  const b = new Bytes(1);
  for (let i = 0; i < 1000; i++) b.push(i);
  b.append([1, 2]);
  assert.equal(b.length, 1002);
  assert.deepEqual([...b.view().subarray(998)], [998 & 255, 999 & 255, 1, 2]);
});
