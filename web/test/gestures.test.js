// What fingers on glass become.
import assert from 'node:assert/strict';
import test from 'node:test';
import { AGAIN, Gestures, HOLD, SLOP } from '../viewer/gestures.js';
import { FakeTime } from './hex.js';

function setup({ mode = 'direct', pannable = false } = {}) {
  const time = new FakeTime();
  const did = [];
  const round = (...all) => all.map((n) => Math.round(n * 100) / 100).join(',');
  const gestures = new Gestures({
    place: (x, y) => did.push(`at ${round(x, y)}`),
    move: (dx, dy) => did.push(`by ${round(dx, dy)}`),
    button: (b, down) => did.push((down ? '+' : '-') + b),
    wheel: (dx, dy) => did.push(`wheel ${round(dx, dy)}`),
    grip: () => did.push('grip'),
    zoom: (f, x, y, dx, dy) => did.push(`zoom ${round(f, x, y, dx, dy)}`),
    pannable: () => pannable,
    hint: (at) => { if (at) did.push(`hint ${round(at.x, at.y)}`); },
  }, { setTimeout: time.setTimeout, clearTimeout: time.clear });
  gestures.mode = mode;
  const down = (id, x, y) => gestures.down(id, x, y, time.now);
  const move = (id, x, y) => gestures.move(id, x, y);
  const up = (id) => gestures.up(id, time.now);
  const tap = (x, y) => { down(1, x, y); time.advance(50); up(1); };
  const take = () => did.splice(0);
  return { gestures, time, down, move, up, tap, take };
}

test('a tap clicks where it points', () => {
  const { tap, take, down, move, up } = setup();
  tap(30, 40);
  assert.deepEqual(take(), ['at 30,40', '+1', '-1']);
  down(1, 100, 100);
  move(1, 100 + SLOP - 1, 100); // a finger rests badly
  up(1);
  assert.deepEqual(take(), ['at 100,100', '+1', '-1']);
});

test('a double tap clicks twice on one place; a tap elsewhere or later does not', () => {
  const { tap, take, time } = setup();
  tap(30, 40); time.advance(100); tap(38, 34);
  assert.deepEqual(take(), ['at 30,40', '+1', '-1', 'at 30,40', '+1', '-1']);
  time.advance(100); tap(130, 40);
  assert.deepEqual(take(), ['at 130,40', '+1', '-1']);
  time.advance(AGAIN + 1); tap(131, 41);
  assert.deepEqual(take(), ['at 131,41', '+1', '-1']);
});

test('a held touch is a right click when it ends, and says so before', () => {
  const { down, up, move, take, time } = setup();
  down(1, 30, 40);
  move(1, 33, 40);
  time.advance(HOLD - 1);
  assert.deepEqual(take(), []);
  time.advance(1);
  assert.deepEqual(take(), ['at 30,40', 'hint 30,40']);
  time.advance(3000);
  up(1);
  assert.deepEqual(take(), ['+3', '-3']);
});

test('hold and drag, or tap and drag, drag with the left button', () => {
  const { down, up, move, tap, take, time } = setup();
  down(1, 30, 40); time.advance(HOLD); take();
  move(1, 60, 40); move(1, 90, 50); up(1);
  assert.deepEqual(take(), ['at 30,40', '+1', 'at 60,40', 'at 90,50', '-1']);
  time.advance(1000);
  tap(30, 40); time.advance(80); take();
  down(1, 32, 41); move(1, 70, 41); up(1);
  assert.deepEqual(take(), ['at 30,40', '+1', 'at 70,41', '-1']);
});

test('a second hand during a drag changes nothing', () => {
  const { down, up, move, take, time } = setup();
  down(1, 30, 40); time.advance(HOLD); move(1, 60, 40); take();
  down(2, 200, 200); move(2, 250, 250); up(2);
  move(1, 70, 40); up(1);
  assert.deepEqual(take(), ['at 70,40', '-1']);
});

test('one finger moves the pointer, or the enlarged view', () => {
  const plain = setup();
  plain.down(1, 10, 10); plain.move(1, 30, 10); plain.move(1, 35, 12); plain.up(1);
  assert.deepEqual(plain.take(), ['at 30,10', 'at 35,12']);
  const large = setup({ pannable: true });
  large.down(1, 10, 10); large.move(1, 30, 10); large.move(1, 35, 12); large.up(1);
  assert.deepEqual(large.take(), ['zoom 1,30,10,20,0', 'zoom 1,35,12,5,2']);
  large.time.advance(HOLD);
  assert.deepEqual(large.take(), [], 'a moved touch is no hold');
});

test('two fingers scroll what lies under them, in the direction of the fingers', () => {
  const { down, up, move, take } = setup();
  down(1, 100, 100); down(2, 140, 100);
  move(1, 100, 115); move(2, 140, 115);
  move(1, 100, 125); move(2, 140, 125);
  up(1); up(2);
  const did = take();
  assert.equal(did[0], 'at 120,100');
  const sum = did.slice(1).map((s) => Number(s.split(',')[1])).reduce((a, b) => a + b, 0);
  assert.equal(sum, -25, 'fingers down: the page goes down, as the wheel turned up');
  assert.ok(did.slice(1).every((s) => s.startsWith('wheel ')), did.join(' '));
});

test('two fingers apart zoom around their middle', () => {
  const { down, up, move, take } = setup();
  down(1, 100, 100); down(2, 200, 100);
  move(1, 80, 100); move(2, 220, 100); move(2, 240, 100);
  up(2); move(1, 300, 300); up(1);
  const did = take();
  assert.ok(did.length >= 2 && did.shift() === 'grip' && did.every((s) => s.startsWith('zoom ')), did.join(' '));
  assert.equal(did.at(-1), `zoom ${Math.round(160 / 140 * 100) / 100},160,100,10,0`);
});

test('two fingers tapped are a right click, three a middle click', () => {
  const { down, up, take, time } = setup();
  down(1, 100, 100); down(2, 150, 100); time.advance(90); up(1); time.advance(20); up(2);
  assert.deepEqual(take(), ['at 150,100', '+3', '-3']);
  down(1, 100, 100); down(2, 150, 100); down(3, 200, 100); up(2); up(1); up(3);
  assert.deepEqual(take(), ['at 200,100', '+2', '-2']);
  down(1, 100, 100); down(2, 150, 100); time.advance(800); up(1); up(2);
  assert.deepEqual(take(), [], 'resting fingers are no tap');
  down(1, 100, 100); down(2, 150, 100); down(3, 200, 100); down(4, 250, 100); up(1); up(2); up(3); up(4);
  assert.deepEqual(take(), [], 'four fingers belong to the system');
});

test('a trackpad moves the pointer from where it is and clicks there', () => {
  const { down, up, move, tap, take, time } = setup({ mode: 'trackpad', pannable: true });
  down(1, 10, 10); move(1, 30, 10); move(1, 35, 12); up(1);
  assert.deepEqual(take(), ['by 20,0', 'by 5,2']);
  tap(200, 200);
  assert.deepEqual(take(), ['+1', '-1']);
  time.advance(50);
  down(1, 202, 200); move(1, 230, 200); up(1);
  assert.deepEqual(take(), ['+1', 'by 28,0', '-1']);
  time.advance(1000);
  down(1, 10, 10); time.advance(HOLD); up(1);
  assert.deepEqual(take(), ['hint 10,10', '+3', '-3']);
  down(1, 10, 10); down(2, 60, 10); up(1); up(2);
  assert.deepEqual(take(), ['+3', '-3']);
});

test('cancelled: nothing stays pressed, nothing comes later', () => {
  const { gestures, down, up, move, take, time } = setup();
  down(1, 30, 40); time.advance(HOLD); move(1, 60, 40); take();
  gestures.cancel();
  assert.deepEqual(take(), ['-1']);
  up(1); move(1, 90, 90);
  down(1, 10, 10);
  gestures.cancel();
  time.advance(HOLD);
  assert.deepEqual(take(), []);
});
