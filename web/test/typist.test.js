// A long text typed as keystrokes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { MOST, PACE, PIECE, typable, Typist } from '../viewer/typist.js';
import { FakeTime } from './hex.js';

function setup() {
  const time = new FakeTime();
  const typed = [];
  const progress = [];
  const typist = new Typist((s) => typed.push(s), { setTimeout: time.setTimeout, clearTimeout: time.clear },
    (p, stopped) => progress.push(p ? `${p.done}/${p.total}` : stopped ? 'stopped' : 'done'));
  return { time, typed, progress, typist };
}

test('a text goes out in pieces, at a pace, whole', () => {
  const { time, typed, progress, typist } = setup();
  const text = 'äb😀\n'.repeat(PIECE);
  assert.equal(typist.start(text), true);
  assert.equal(typed.length, 1);
  time.advance(PACE - 1);
  assert.equal(typed.length, 1);
  time.advance(1);
  assert.equal(typed.length, 2);
  time.advance(100 * PACE);
  assert.equal(typed.join(''), text);
  assert.ok(typed.every((s) => [...s].length <= PIECE && s.isWellFormed()));
  assert.deepEqual(progress, ['16/64', '32/64', '48/64', '64/64', 'done']);
  assert.equal(typist.busy, false);
});

test('it can be stopped, and begun anew', () => {
  const { time, typed, progress, typist } = setup();
  typist.start('a'.repeat(100));
  time.advance(PACE);
  typist.stop();
  time.advance(100 * PACE);
  assert.equal(typed.join('').length, 2 * PIECE);
  assert.equal(progress.at(-1), 'stopped');
  typist.stop();
  assert.equal(progress.filter((p) => p === 'stopped').length, 1);
  typist.start('b'.repeat(100));
  typist.start('c');
  time.advance(100 * PACE);
  assert.equal(typed.slice(2).join(''), 'b'.repeat(PIECE) + 'c');
});

test('stopped by what a piece led to', () => {
  const { time, typed, typist } = setup();
  typist.type = (s) => { typed.push(s); typist.stop(); };
  typist.start('a'.repeat(100));
  time.advance(100 * PACE);
  assert.equal(typed.length, 1);
});

test('nothing and too much are not typed; what has no key is left out', () => {
  const { typist, typed } = setup();
  assert.equal(typist.start(''), false);
  assert.equal(typist.start('\0\x1b'), false);
  assert.equal(typist.start('x'.repeat(MOST + 1)), false);
  assert.deepEqual(typed, []);
  assert.equal(typable('a\r\nb\rc\td\x1b[31m\x7f'), 'a\nb\nc\td[31m');
});
