import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeClip, MAX_CLIP_TEXT, parseClip, WireError } from '../shared/wire.js';

test('a clip is as long as its bytes, not its characters', () => {
  for (const [text, fits] of /** @type {[string, boolean][]} */ ([
    ['x'.repeat(MAX_CLIP_TEXT), true], ['x'.repeat(MAX_CLIP_TEXT + 1), false],
    ['é'.repeat(MAX_CLIP_TEXT / 2), true], ['é'.repeat(MAX_CLIP_TEXT / 2) + 'x', false],
    ['😀'.repeat(MAX_CLIP_TEXT / 4), true], ['😀'.repeat(MAX_CLIP_TEXT / 4) + 'x', false], ['', false],
  ])) {
    const body = encodeClip(text);
    assert.equal(body !== null, fits, `${text.length} characters`);
    if (body) assert.equal(parseClip(body), text);
  }
  assert.throws(() => parseClip(new Uint8Array(2 + MAX_CLIP_TEXT).fill(1)), WireError);
});

test('a lone surrogate becomes a character that can be sent', () => {
  assert.equal(parseClip(/** @type {Uint8Array} */ (encodeClip('a\ud800b'))), 'a\ufffdb');
});
