// The statistics: counting bytes by kind, what is timed and what is not, the texts of the overlay.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Screen } from '../shared/screen.js';
import { parseControl, parseHeader } from '../shared/wire.js';
import { hasText } from '../shared/texts.js';
import { INPUT_LIMIT, KINDS, Ring, Stats } from '../viewer/stats.js';
import { formatBytes, isStatsKey, rows } from '../viewer/statspanel.js';
import { bytes, fill, op, update } from './hex.js';

const RESET = 1, KEY = 2, CATCHUP = 4, DONE = 8, EXACT = 16;

/** Stats with a clock that moves by hand. */
function setup() {
  const time = { now: 1000 };
  const stats = new Stats(() => time.now);
  /** An update of one op that counts so many raw bytes, applied and painted after ms. */
  const paint = (ms, flags = 0, { code = 3, input = 0, blobs = 0, raw = 100 } = {}) => {
    time.now += ms;
    const u = { flags, input, ops: [{ code, end: raw }], packed: 10, blobs };
    stats.parsed(u);
    stats.applied(u, 2);
    stats.painted(1);
  };
  return { stats, time, paint };
}

test('a ring holds the newest and their median', () => {
  const r = new Ring(4);
  assert.deepEqual(r.times(), { newest: null, median: null, count: 0 });
  const seen = [];
  for (const v of [5, 1, 10, 9, 2, 100]) {
    r.push(v);
    seen.push([r.newest, r.median, r.count]);
  }
  assert.deepEqual(seen, [[5, 5, 1], [1, 3, 2], [10, 5, 3], [9, 7, 4], [2, 5.5, 4], [100, 9.5, 4]]);
  r.clear();
  r.push(7);
  assert.deepEqual(r.times(), { newest: 7, median: 7, count: 1 });
});

test('bytes by kind: packed ones by their raw share, JPEGs exactly, the rest is other', () => {
  const { stats } = setup();
  stats.received(1000);
  const ops = [{ code: 1, end: 12 }, { code: 2, end: 25 }, { code: 3, end: 125 }, { code: 4, end: 187 }, { code: 5, end: 200 }];
  stats.parsed({ flags: EXACT, input: 0, ops, packed: 100, blobs: 300 });
  assert.deepEqual(stats.snapshot().bytes, { total: 1000, fill: 6, copy: 6.5, palette: 50, delta: 31, jpeg: 306.5, key: 0, other: 600 });
  stats.received(500);
  stats.parsed({ flags: KEY | CATCHUP, input: 0, ops, packed: 100, blobs: 300 });
  stats.parsed({ flags: CATCHUP | DONE, input: 0, ops: [{ code: 4, end: 9 }], packed: 20, blobs: 0 });
  stats.parsed({ flags: 0, input: 0, ops: [], packed: 0, blobs: 0 });
  const { bytes: all } = stats.snapshot();
  assert.deepEqual([all.total, all.key, all.palette, all.other], [1500, 420, 50, 680]);
  assert.equal(KINDS.reduce((sum, kind) => sum + all[kind], 0), all.total);
});

test('the screen tells of what it applied', () => {
  const stats = new Stats(() => 0);
  const images = { decode: async () => 1, read: () => new Uint8ClampedArray(16), close: () => {} };
  const screen = new Screen(images, { onParsed: (u) => stats.parsed(u), onApplied: (a, u) => stats.applied(u, a.took), onResync: () => assert.fail('resync') }, () => 0);
  screen.reset(1);
  for (const msg of [
    update({ seq: 1, flags: KEY | RESET, ops: [fill(0, 0, 4, 4, 1, 1, 1)] }),
    update({ seq: 2, flags: EXACT, ops: [fill(0, 0, 4, 4, 1, 1, 1), fill(0, 0, 4, 4, 2, 2, 2), op(2, 0, 0, 1, 1, 1, 0, 1, 0)] }),
    update({ seq: 2, ops: [fill(0, 0, 4, 4, 1, 1, 1)] }),
  ]) {
    stats.received(msg.length);
    const { header, body } = parseHeader(msg);
    screen.push(header, body);
  }
  const { bytes: b } = stats.snapshot();
  // A stored block: 3 bytes more than the ops of 12, 12 and 13 bytes.
  assert.deepEqual([b.fill, b.copy, b.palette, b.key], [40 * 24 / 37, 40 * 13 / 37, 0, 6 + 3 + 16 + 12]);
  stats.painted(0);
  assert.deepEqual([stats.snapshot().sharp, stats.snapshot().updates], [true, 2]);
});

test('rates are over the last second', () => {
  const { stats, time, paint } = setup();
  stats.received(10_000);
  paint(0, KEY | EXACT);
  stats.open();
  assert.deepEqual([stats.snapshot().fps, stats.snapshot().rate], [null, null]);
  for (let i = 0; i < 10; i++) {
    stats.received(40);
    paint(50, EXACT);
  }
  let s = stats.snapshot();
  assert.deepEqual([s.fps, s.rate.total, s.rate.palette, s.rate.key, s.rate.other], [20, 800, 200, 0, 600]);
  time.now += 500;
  s = stats.snapshot();
  assert.deepEqual([s.fps, s.rate.total], [10, 400]);
  time.now += 500;
  s = stats.snapshot();
  assert.deepEqual([s.fps, s.rate.total, s.updates, s.bytes.total], [0, 0, 11, 10_400]);
});

test('work is for one update when several were painted together', () => {
  const { stats, paint } = setup();
  stats.applied({ flags: KEY | EXACT, input: 0, ops: [], packed: 0, blobs: 0 }, 4);
  stats.applied({ flags: EXACT, input: 0, ops: [], packed: 0, blobs: 0 }, 4);
  stats.painted(2);
  assert.deepEqual([stats.snapshot().work, stats.snapshot().updates], [5, 2]);
  stats.painted(9);
  assert.deepEqual([stats.snapshot().work, stats.snapshot().updates], [5, 2]);
  for (let i = 0; i < 100; i++) paint(1);
  assert.equal(stats.snapshot().work, 3);
});

test('click to pixel: from the event to the first update that was captured after it', () => {
  const { stats, time, paint } = setup();
  const click = () => stats.snapshot().clickToPixel;
  paint(0, KEY | EXACT);
  stats.input(1, 0); // a move
  stats.input(2, time.now - 3);
  stats.input(3, time.now - 1);
  paint(10, EXACT, { input: 1 });
  assert.deepEqual(click(), { newest: null, median: null, count: 0 });
  paint(10, EXACT, { input: 3 });
  assert.deepEqual(click(), { newest: 21, median: 22, count: 2 });
  paint(10, EXACT, { input: 3 });
  assert.equal(click().count, 2);
});

test('click to pixel: what changes nothing is not counted', () => {
  const { stats, time, paint } = setup();
  const count = () => stats.snapshot().clickToPixel.count;
  paint(0, KEY | EXACT);
  stats.input(1, time.now);
  paint(INPUT_LIMIT + 1, EXACT, { input: 1 });
  assert.equal(count(), 0);
  stats.input(2, time.now);
  stats.reconnect();
  stats.input(1, time.now);
  paint(1, KEY | EXACT, { input: 2 }); // of the socket before
  assert.equal(count(), 0);
  stats.input(2, time.now);
  stats.pause();
  paint(9, EXACT, { input: 2 });
  assert.equal(count(), 0);
  stats.input(3, time.now + 1e12); // the event's clock is another
  paint(7, EXACT, { input: 3 });
  assert.deepEqual(stats.snapshot().clickToPixel, { newest: 7, median: 7, count: 1 });
  for (let i = 4; i < 1000; i++) stats.input(i, time.now);
  paint(5, EXACT, { input: 999 });
  assert.deepEqual(stats.snapshot().clickToPixel, { newest: 5, median: 5, count: 20 });
});

test('sharp: from the last change to exact', () => {
  const { stats, paint } = setup();
  const state = () => [stats.snapshot().sharp, stats.snapshot().timeToSharp.newest, stats.snapshot().timeToSharp.count];
  assert.deepEqual(state(), [null, null, 0]);
  paint(0, KEY, { code: 5, blobs: 9 });
  assert.deepEqual(state(), [false, null, 0]);
  paint(50, 0, { code: 5, blobs: 9 }); // video
  paint(50, 0, { code: 2 }); // scrolled while it is not sharp
  paint(100, 0, { code: 4 }); // refinement
  paint(100, EXACT, { code: 4 });
  assert.deepEqual(state(), [true, 200, 1]);
  paint(1000, EXACT, { code: 3 });
  assert.deepEqual(state(), [true, 200, 1]);
  paint(10, 0, { code: 3 }); // does not hold all that changed
  paint(30, EXACT, { code: 3 });
  assert.deepEqual(state(), [true, 30, 2]);
  paint(10, 0, { code: 5, blobs: 9 });
  stats.pause();
  paint(60_000, EXACT, { code: 4 });
  assert.deepEqual(state(), [true, 30, 2]);
});

test('sharp: Exact counts only for a viewer that has caught up', () => {
  const { stats, paint } = setup();
  const sharp = () => stats.snapshot().sharp;
  const seen = [];
  for (const flags of [KEY | CATCHUP | EXACT, EXACT, CATCHUP | EXACT, CATCHUP | DONE | EXACT, EXACT, 0, EXACT]) {
    paint(10, flags);
    seen.push(sharp());
  }
  assert.deepEqual(seen, [false, false, false, true, true, false, true]);
  assert.deepEqual(stats.snapshot().timeToSharp, { newest: 10, median: 20, count: 2 });
  paint(10, KEY | CATCHUP | DONE | EXACT);
  assert.equal(sharp(), true);
  paint(10, KEY | CATCHUP | EXACT);
  paint(10, KEY | EXACT);
  assert.equal(sharp(), true);
  stats.restart();
  assert.equal(sharp(), null);
  paint(10, EXACT);
  assert.equal(sharp(), false);
});

test('round trips: each ping once, none of another socket', () => {
  const { stats, time } = setup();
  const state = () => [stats.snapshot().rtt, stats.snapshot().queue];
  stats.pong(0, 5);
  stats.pong(16, 5);
  assert.deepEqual(state(), [null, null]);
  const first = stats.ping();
  time.now += 40;
  const second = stats.ping();
  time.now += 10;
  stats.pong(second, 77);
  stats.pong(second, 78);
  assert.deepEqual(state(), [10, 77]);
  stats.pong(first, 0);
  assert.deepEqual(state(), [30, 0]);
  const lost = stats.ping();
  for (let i = 0; i < 16; i++) stats.ping();
  stats.pong(lost, 1);
  assert.deepEqual(state(), [30, 0]);
  const old = stats.ping();
  stats.reconnect();
  stats.pong(old, 9);
  assert.deepEqual(state(), [null, null]);
});

test('a pong is parsed with stamp and queue', () => {
  assert.deepEqual(parseControl(bytes('{"type":"pong","stamp":4294967295,"queue":12}')), { type: 'pong', stamp: 4294967295, queue: 12 });
  assert.throws(() => parseControl(bytes('{"type":"pong","stamp":-1}')), /stamp/);
});

test('the texts of the overlay', () => {
  const { stats, time, paint } = setup();
  const text = () => Object.fromEntries(rows(stats.snapshot()));
  for (const key of Object.keys(text())) assert.ok(hasText(key), key);
  assert.ok(Object.entries(text()).every(([key, v]) => v === '–' || key === 'stats.path'));
  stats.open();
  stats.input(1, time.now);
  stats.received(2_500_000);
  paint(250, KEY | EXACT, { input: 1 });
  const t = text();
  assert.deepEqual([t['stats.fps'], t['stats.received'], t['stats.kind.key'], t['stats.work'], t['stats.click'], t['stats.sharp'], t['stats.rtt']],
    ['4.0/s', '10 MB/s', '40 B/s', '3.0 ms', '250 ms, median 250 ms', 'yes, every pixel', '–']);
  assert.deepEqual([0, 999, 999.6, 9_949, 12_345, 999_600, 1e9].map(formatBytes), ['0 B', '999 B', '1.0 kB', '9.9 kB', '12 kB', '1.0 MB', '1000 MB']);
});

test('the shortcut, and what only looks like it', () => {
  const key = (o = {}) => ({ code: 'KeyS', ctrlKey: true, altKey: true, shiftKey: true, metaKey: false, getModifierState: (m) => m === o.lock, ...o });
  assert.equal(isStatsKey(key()), true);
  for (const o of [{ code: 'KeyD' }, { ctrlKey: false }, { altKey: false }, { shiftKey: false }, { metaKey: true }, { lock: 'AltGraph' }]) {
    assert.equal(isStatsKey(key(o)), false, JSON.stringify(o));
  }
});
