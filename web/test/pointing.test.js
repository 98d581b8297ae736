// When the guest is told where a viewer points.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Pointing } from '../viewer/pointing.js';
import { FakeTime } from './hex.js';

function world() {
  const time = new FakeTime();
  const sent = [];
  const p = new Pointing((at) => sent.push(at && at.x), { setTimeout: time.setTimeout, clearTimeout: time.clear, now: () => time.now });
  return { time, sent, p };
}

test('the first place at once, then the newest, 30 times a second at most', () => {
  const { time, sent, p } = world();
  p.to({ x: 0, y: 0 });
  assert.deepEqual(sent, [0]);
  for (let i = 1; i <= 100; i++) {
    time.advance(10);
    p.to({ x: i, y: 0 });
  }
  assert.ok(sent.length >= 24 && sent.length <= 31, `${sent.length} in a second`);
  time.advance(40);
  assert.equal(sent.at(-1), 100);
});

test('a place is said again while it rests, and its end once', () => {
  const { time, sent, p } = world();
  p.to({ x: 7, y: 0 });
  p.to({ x: 7, y: 0 });
  time.advance(2500);
  assert.deepEqual(sent, [7, 7, 7]);
  p.end();
  p.end();
  time.advance(5000);
  assert.deepEqual(sent, [7, 7, 7, null]);
  assert.equal(p.at, null);
});
