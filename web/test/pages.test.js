// Small pure parts of the pages: pointer, sizes, PINs; and what the pages may not contain.
import assert from 'node:assert/strict';
import test from 'node:test';
import { formatPIN, parsePIN, pinKey, pinOfFragment } from '../shared/pin.js';
import { buttonChanges, notches, toPicture, Wheel } from '../viewer/pointer.js';
import { modeFor, nextLevel, scaleOf } from '../viewer/viewport.js';
import { pull } from '../viewer/ui/zoom.js';
import { files, read } from './files.js';

test('every pixel of the picture is hit from its own place', () => {
  for (const [w, css, left] of [[1600, 1280, 0], [1600, 1066.65625, 13.5], [1920, 390, 0], [800, 1600, 7]]) {
    for (let x = 0; x < w; x++) {
      const at = left + (x + 0.5) * css / w;
      assert.equal(toPicture(at, at, { left, top: left, width: css, height: css }, w, w).x, x);
    }
  }
  const rect = { left: 10, top: 10, width: 100, height: 50 };
  assert.deepEqual(toPicture(0, 0, rect, 200, 100), { x: 0, y: 0 });
  assert.deepEqual(toPicture(110, 60, rect, 200, 100), { x: 199, y: 99 });
  assert.deepEqual(toPicture(1e9, -1e9, rect, 200, 100), { x: 199, y: 0 });
  assert.deepEqual(toPicture(5, 5, { left: 0, top: 0, width: 0, height: 0 }, 200, 100), { x: 0, y: 0 });
});

test('buttons by their protocol numbers', () => {
  assert.deepEqual(buttonChanges(0, 31), [1, 2, 3, 8, 9].map((button) => ({ button, down: true })));
  assert.deepEqual(buttonChanges(3, 2), [{ button: 1, down: false }]);
  assert.deepEqual(buttonChanges(1, 4), [{ button: 1, down: false }, { button: 2, down: true }]);
  assert.deepEqual(buttonChanges(5, 5), []);
});

test('wheel: notches of every mode', () => {
  assert.deepEqual([notches(100, 0), notches(120, 0), notches(-240, 0), notches(3, 1), notches(1, 2), notches(50, 0)], [120, 120, -240, 120, 960, 60]);
  const w = new Wheel();
  assert.equal(w.take(), null);
  for (let i = 0; i < 10; i++) w.add(0, 0.25, 0);
  assert.deepEqual(w.take(), { dx: 0, dy: 3 });
  assert.equal(w.take(), null);
  w.add(-1e9, 1e9, 0);
  assert.deepEqual(w.take(), { dx: -32768, dy: 32767 });
  assert.equal(w.take(), null);
});

test('scale: smaller as needed, larger by whole factors only', () => {
  const p = { w: 1600, h: 900 };
  assert.equal(scaleOf(1, p, { w: 10, h: 10 }), 1);
  assert.equal(scaleOf(3, p, { w: 10, h: 10 }), 3);
  assert.equal(scaleOf('fit', p, { w: 800, h: 900 }), 0.5);
  assert.equal(scaleOf('fit', p, { w: 3199, h: 1800 }), 1);
  assert.equal(scaleOf('fit', p, { w: 3200, h: 1800 }), 2);
  assert.ok(scaleOf('fit', p, { w: 0, h: 0 }) > 0);
});

test('zoom: whole factors from 1 on, never smaller than the whole picture', () => {
  for (const [wish, fit, want] of [[0.5, 0.4, 0.5], [0.3, 0.4, 'fit'], [0.4, 0.4, 'fit'], [0.9, 0.4, 1], [1.4, 0.4, 1], [1.6, 0.4, 2], [99, 0.4, 8],
    [1, 2, 'fit'], [2, 2, 'fit'], [2.6, 2, 3], [0.9, 1, 'fit']]) assert.equal(modeFor(wish, fit), want, `${wish} ${fit}`);
  const up = [0.27];
  while (up.at(-1) < 8) up.push(nextLevel(up.at(-1), 1));
  assert.deepEqual(up, [0.27, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 2, 3, 4, 6, 8]);
  assert.deepEqual([nextLevel(8, 1), nextLevel(5, -1), nextLevel(1, -1), nextLevel(0.1, -1)], [8, 4, 3 / 4, 1 / 4]);
});

test('the picture moves at the edges of the stage', () => {
  assert.deepEqual([0, 14, 28, 500, 986, 1000, -1, 1001].map((at) => pull(at, 1000)), [-1, -0.5, 0, 0, 0.5, 1, 0, 0]);
  assert.equal(pull(0, 100), 0);
});

test('PINs as people type them', () => {
  for (const s of ['7W2-97-8570', '7w2978570', ' 7w2 97 8570 ', '7W2–97–8570']) assert.equal(parsePIN(s), '7W2-97-8570', s);
  for (const s of ['', '7W2-97-857', '7W2-97-85700', '7W2-9A-8570', 'ÄW2-97-8570', '7W2/97/8570']) assert.equal(parsePIN(s), null, s);
  assert.deepEqual(['7', '7w2', '7w29', '7w297', '7w2978', '7w2978570', '7w2-', 'hello world', '7w29785701'].map(formatPIN),
    ['7', '7W2', '7W2-9', '7W2-97', '7W2-97-8', '7W2-97-8570', '7W2', 'hello world', '7w29785701']);
  assert.equal(pinOfFragment('#7w2-97-8570'), '7W2-97-8570');
  assert.equal(pinOfFragment('#7w2%2D97%2d8570'), '7W2-97-8570');
  assert.equal(pinOfFragment('#%'), null);
  assert.equal(pinOfFragment(''), null);
  assert.notEqual(pinKey('7W2-97-8570'), pinKey('7W2-97-8571'));
});

test('pages keep to their content policy', () => {
  for (const f of files('.html')) {
    assert.doesNotMatch(read(f), / style=|<style|<script(?![^>]* src=)| on\w+=|https?:/, f);
  }
  for (const f of files('.js')) {
    assert.doesNotMatch(read(f), /innerHTML|dangerouslySet|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?:\/\//, f);
    for (const [, from] of read(f).matchAll(/from '([^']+)'/g)) assert.match(from, /^\.\.?\/.*\.m?js$/, `${f}: ${from}`);
  }
  for (const f of files('.css')) assert.doesNotMatch(read(f), /url\(|@import/, f);
});

// In a language that is written from right to left, a page is its own mirror image: its styles
// say start and end. What stays as it is, such as the picture, has a line with "physical".
test('styles are fit for both directions of writing', () => {
  const sided = /(?<![\w-])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)|left|right)\s*:|border-(?:top|bottom)-(?:left|right)-radius|(?:text-align|float|clear)\s*:\s*(?:left|right)/;
  const unequal = /(?<![\w-])(?:margin|padding|inset|border-width)\s*:\s*([^;\s]+)\s+([^;\s]+)\s+([^;\s]+)\s+(?!\2\s*[;}])[^;\s]+\s*[;}]/;
  for (const f of files('.css')) {
    read(f).split('\n').forEach((whole, i) => {
      const line = whole.replace(/\([^()]*\)/g, '()'); // what stands in brackets is one value
      if (!line.includes('physical')) assert.ok(!sided.test(line) && !unequal.test(line), `${f}:${i + 1}: ${line.trim()}`);
    });
  }
});
