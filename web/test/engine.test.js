// The engine behind its messages: what reaches the page, what is acked, what is forgotten; the
// two ways of the pixels; the watch over the worker.
import assert from 'node:assert/strict';
import test from 'node:test';
import { language } from '../shared/texts.js';
import { Picture } from '../shared/picture.js';
import { encodeClip, encodeControl, Kind, message, parseAck, parseClip, parseControl, parseHeader, parseInput, encodeInput } from '../shared/wire.js';
import { Engine, KEEP_PICTURE } from '../viewer/engine.js';
import { Front } from '../viewer/front.js';
import { CopyOutlet, SharedOutlet } from '../viewer/outlet.js';
import { ASK_EVERY, MAX_UNANSWERED, Watch } from '../viewer/watch.js';
import { FakeTime, fill, update } from './hex.js';

const RESET = 1, KEY = 2;
const settle = () => new Promise((r) => setImmediate(r));
const control = (c, epoch = 1) => message({ kind: Kind.Control, epoch }, encodeControl(c));
const state = (mine = {}, more = {}) => control({ type: 'state', epoch: 1, presenter: { attached: true }, viewers: [{ viewer: 5, online: true, ...mine }], ...more });

/** An engine that is connected, with what it sends and posts. */
async function setup({ hidden = false, shared = true } = {}) {
  const time = new FakeTime();
  const sent = [];
  const posted = [];
  let socket;
  const env = {
    origin: 'https://desk.example', fetch: async () => new Response(JSON.stringify({ ticket: 'T', relay_path: '/api/v1/relay' })),
    socket: () => (socket = { readyState: 0, send: (m) => sent.push(parseHeader(m)), close: () => {} }),
    setTimeout: time.setTimeout, clearTimeout: time.clear, now: () => time.now, random: () => 1,
  };
  const images = { decode: () => Promise.reject(new Error('none')), read: () => [], close: () => {} };
  const start = { type: 'start', pin: '7W2-97-8570', name: '', resume: 'R', language: language(), hidden, origin: performance.timeOrigin, shared };
  const engine = new Engine(start, (m) => posted.push(m), images, env);
  await settle();
  socket.readyState = 1;
  socket.onopen();
  const hear = (m) => socket.onmessage({ data: m.slice().buffer });
  const of = (type) => posted.filter((m) => m.type === type);
  const page = () => of('page').at(-1).page;
  const acks = () => sent.filter((m) => m.header.kind === Kind.Ack).map((m) => m.header.seq);
  hear(control({ type: 'welcome', role: 'viewer', viewer: 5, epoch: 1, resume: 'S' }));
  hear(state({ view: true, control: true }));
  return { engine, time, sent, posted, hear, of, page, acks, socket: () => socket };
}
const key = (o = {}) => update({ seq: 1, flags: KEY | RESET, ops: [fill(0, 0, 4, 4, 9, 8, 7)], ...o });

test('a frame is offered as it is applied, and acked when the page painted it', async () => {
  for (const shared of [true, false]) {
    const { engine, hear, of, page, acks } = await setup({ shared });
    assert.deepEqual(of('resume').map((m) => m.resume), ['S']);
    assert.equal(page().detail, 'picture');
    hear(key());
    const [{ frame }] = of('frame');
    assert.deepEqual([frame.width, frame.height, frame.layout, acks()], [4, 4, 1, []]);
    engine.take({ type: 'painted', token: frame.token, took: 1, buffer: frame.buffer ?? null });
    assert.deepEqual([acks(), page().state], [[1], 'live']);
    hear(update({ seq: 2, ops: [fill(1, 1, 1, 1, 1, 2, 3)] }));
    hear(update({ seq: 3, ops: [fill(2, 2, 1, 1, 1, 2, 3)] }));
    // One ack for both: shared memory has them at once, copies go one by one.
    engine.take({ type: 'painted', token: 3, took: 1, buffer: null });
    assert.deepEqual(acks(), [1, 3]);
    engine.take({ type: 'painted', token: 3, took: 1, buffer: null });
    assert.deepEqual(acks(), [1, 3], 'once');
  }
});

test('a picture that there is no memory for ends the view, and says so', async () => {
  const { hear, of, page } = await setup();
  const { SharedArrayBuffer } = globalThis;
  globalThis.SharedArrayBuffer = class { constructor() { throw new RangeError('Array buffer allocation failed'); } };
  try {
    hear(key());
  } finally {
    globalThis.SharedArrayBuffer = SharedArrayBuffer;
  }
  const { state: now, detail, panel, picture } = page();
  assert.deepEqual([now, detail, panel.actions, picture, of('clear').length], ['error', 'data', ['retry', 'home'], 'none', 1]);
});

test('a hidden page acks what was applied, but gets its first picture', async () => {
  const { engine, hear, of, page, acks, sent } = await setup();
  hear(key());
  engine.take({ type: 'hidden', hidden: true });
  assert.deepEqual(acks(), [1]);
  engine.take({ type: 'painted', token: 1, took: 1, buffer: null });
  assert.equal(page().state, 'live', 'it was painted all the same');
  hear(update({ seq: 2, ops: [fill(1, 1, 1, 1, 1, 2, 3)] }));
  assert.deepEqual([acks(), of('frame').length], [[1, 2], 1]);
  assert.equal(parseAck(sent.at(-1).body).hidden, true);
  hear(key({ seq: 3, width: 2, height: 2, layout: 2, ops: [fill(0, 0, 2, 2, 1, 1, 1)] }));
  assert.deepEqual([acks(), of('frame').length], [[1, 2], 2], 'a new size is painted');
  hear(update({ seq: 4, width: 2, height: 2, layout: 2, ops: [fill(0, 0, 1, 1, 1, 2, 3)] }));
  assert.deepEqual(acks(), [1, 2, 4]);
  engine.take({ type: 'hidden', hidden: false });
  assert.equal(of('frame').length, 3, 'and what it missed when it is seen again');
});

test('a revoked view clears the page, and what was on its way is neither painted nor acked', async () => {
  for (const shared of [true, false]) {
    const { engine, hear, of, posted, acks, page } = await setup({ shared });
    hear(key());
    hear(update({ seq: 2, ops: [fill(1, 1, 1, 1, 1, 2, 3)] }));
    hear(state({}));
    assert.equal(of('clear').length, 1);
    const before = posted.length;
    engine.take({ type: 'painted', token: 1, took: 1, buffer: null });
    assert.deepEqual([acks(), page().state, posted.length], [[], 'waiting', before]);
    hear(state({ view: true }));
    hear(key({ seq: 7 }));
    engine.take({ type: 'painted', token: of('frame').at(-1).frame.token, took: 1, buffer: null });
    assert.deepEqual([acks(), page().state], [[7], 'live']);
  }
});

test('another monitor: the old picture stays until the first of the new one, and only that stream counts', async () => {
  const monitors = [{ stream: 1, x: 0, y: 0, w: 4, h: 4 }, { stream: 2, x: 4, y: 0, w: 4, h: 4 }];
  for (const shared of [true, false]) {
    const { engine, hear, of, sent, page, acks } = await setup({ shared });
    const told = (stream) => hear(state({ view: true, control: true, stream }, { presenter: { attached: true, monitors } }));
    const frames = () => of('frame').map((m) => m.frame.stream);
    const paint = () => engine.take({ type: 'painted', token: of('frame').at(-1).frame.token, took: 1, buffer: of('frame').at(-1).frame.buffer ?? null });
    told();
    hear(key());
    paint();
    engine.take({ type: 'watch', stream: 2 });
    assert.deepEqual(parseControl(sent.at(-1).body), { type: 'watch', stream: 2 });
    hear(update({ seq: 2, ops: [fill(1, 1, 1, 1, 1, 2, 3)] }));
    assert.equal(frames().length, 2, 'until the relay says so, the old stream goes on');
    told(2);
    paint();
    assert.deepEqual([acks(), of('clear').length, page().state, page().stream], [[1], 0, 'live', 2], 'acks of the old stream are void');
    hear(update({ seq: 3, ops: [fill(1, 1, 1, 1, 1, 2, 3)] }));
    hear(key({ seq: 9 }));
    assert.equal(frames().length, 2, 'what was on its way is dropped');
    hear(key({ seq: 41, stream: 2 }));
    assert.equal(frames().at(-1), 2);
    paint();
    const ack = sent.filter((m) => m.header.kind === Kind.Ack).at(-1).header;
    assert.deepEqual([ack.stream, ack.seq], [2, 41]);
    hear(update({ seq: 43, stream: 2, ops: [] }));
    const resync = sent.at(-1).header;
    assert.deepEqual([resync.kind, resync.stream, resync.seq], [Kind.Resync, 2, 41]);
    engine.take({ type: 'input', epoch: 1, stream: 2, body: encodeInput(1, []), at: 0 });
    assert.deepEqual([sent.at(-1).header.kind, sent.at(-1).header.stream], [Kind.Input, 2]);
  }
});

test('input: numbered on each socket, only for the epoch that the page shows', async () => {
  const { engine, hear, sent, time, socket } = await setup();
  const input = (epoch) => engine.take({ type: 'input', epoch, body: encodeInput(1, [{ type: 1, x: 3, y: 4 }]), at: 0 });
  const inputs = () => sent.filter((m) => m.header.kind === Kind.Input).map((m) => m.header.seq);
  input(1);
  input(1);
  input(2);
  assert.deepEqual(inputs(), [1, 2]);
  assert.deepEqual(parseInput(sent.at(-1).body).events, [{ type: 1, x: 3, y: 4 }]);
  socket().onclose({ code: 1006 });
  input(1);
  time.advance(0);
  await settle();
  socket().readyState = 1;
  socket().onopen();
  hear(control({ type: 'welcome', role: 'viewer', viewer: 5, epoch: 1 }));
  input(1);
  assert.deepEqual(inputs(), [1, 2, 1]);
});

test('texts of the clipboard count with the inputs, and come of the present epoch only', async () => {
  const { engine, hear, of, sent } = await setup();
  hear(key());
  engine.take({ type: 'input', epoch: 1, stream: 0, body: encodeInput(1, []), at: 0 });
  engine.take({ type: 'clip', body: encodeClip('pasted') });
  engine.take({ type: 'input', epoch: 1, stream: 0, body: encodeInput(1, []), at: 0 });
  assert.deepEqual(sent.slice(-3).map((m) => [m.header.kind, m.header.seq]), [[Kind.Input, 1], [Kind.Clip, 2], [Kind.Input, 3]]);
  assert.equal(parseClip(sent.at(-2).body), 'pasted');
  for (const [epoch, text] of [[1, 'copied'], [2, 'of another computer']]) {
    hear(message({ kind: Kind.Clip, epoch }, encodeClip(text)));
  }
  hear(message({ kind: Kind.Clip, epoch: 1 }, Uint8Array.of(0)));
  hear(message({ kind: Kind.Clip, epoch: 1 }, Uint8Array.of(1, 0x1b)));
  assert.deepEqual(of('clip').map((m) => m.text), ['copied', '']);
});

test('the picture of a presenter that is away goes after a while', async () => {
  const { engine, hear, of, page, time } = await setup();
  hear(key());
  engine.take({ type: 'painted', token: 1, took: 1, buffer: null });
  const away = (more = {}) => hear(state({ view: true }, { presenter: { attached: false, ...more } }));
  const steady = (ms) => { // the relay goes on speaking
    for (; ms > 0; ms -= 10_000) {
      time.advance(Math.min(ms, 10_000));
      hear(control({ type: 'pong', stamp: 0, queue: 0 }));
    }
  };
  away();
  assert.deepEqual([page().detail, page().picture], ['presenter-away', 'dimmed']);
  steady(KEEP_PICTURE - 1);
  away();
  assert.deepEqual([page().picture, of('clear').length], ['dimmed', 0]);
  hear(state({ view: true }));
  assert.equal(page().picture, 'shown');
  away();
  steady(KEEP_PICTURE - 1);
  assert.equal(page().picture, 'dimmed', 'counted anew');
  steady(1);
  assert.deepEqual([page().picture, page().detail, of('clear').length], ['none', 'presenter-away', 1]);
  away({ left: true });
  assert.equal(of('clear').length, 1);
});

test('who is blocked stays the same viewer, who has ended is forgotten', async () => {
  for (const [code, forgets] of [[4012, false], [4011, true]]) {
    const { of, socket } = await setup();
    socket().onclose({ code });
    assert.equal(of('resume').at(-1).resume, forgets ? '' : 'S');
  }
});

test('controls, figures and signs of life', async () => {
  const { engine, sent, of, posted, time } = await setup();
  engine.take({ type: 'act', action: 'request' });
  assert.equal(parseControl(sent.at(-1).body).type, 'yield');
  engine.take({ type: 'figures', fresh: true, ping: true });
  assert.equal(parseControl(sent.at(-1).body).type, 'ping');
  time.advance(500);
  engine.take({ type: 'figures', fresh: false, ping: false });
  assert.equal(of('figures').at(-1).figures.fps, 0);
  engine.take({ type: 'ping' });
  assert.deepEqual(posted.at(-1), { type: 'pong' });
  engine.stop();
  engine.take({ type: 'ping' });
  assert.equal(of('pong').length, 1);
});

/** Changes a picture at random, and says where. */
function scribble(picture, n) {
  for (let i = 0; i < n; i++) {
    const w = 1 + Math.floor(Math.random() * picture.width), h = 1 + Math.floor(Math.random() * picture.height);
    const x = Math.floor(Math.random() * (picture.width - w + 1)), y = Math.floor(Math.random() * (picture.height - h + 1));
    picture.apply({ code: 1, x, y, w, h, colours: [i, n, 255 - i] });
  }
}

test('shared memory: whatever was written between two takes arrives', () => {
  const frames = [];
  const outlet = new SharedOutlet((f) => frames.push(f));
  const picture = new Picture(70, 50, 3);
  let front, canvas;
  for (let token = 1; token < 200; token++) {
    scribble(picture, token % 60);
    outlet.offer(picture, token);
    const { memory, width, height } = frames.at(-1);
    assert.equal(memory !== undefined, token === 1);
    if (memory) {
      front = new Front(width, height, memory);
      canvas = new Uint32Array(width * height);
    }
    if (token % 3 === 1) continue;
    const taken = front.take(canvas);
    assert.equal(taken.token, token);
    assert.deepEqual(canvas, picture.pixels);
    assert.deepEqual(front.take(canvas), { token, rects: [] });
  }
  Atomics.store(front.head, 0, 2); // the engine writes
  assert.equal(front.take(canvas), null);
});

test('copies: one on its way at a time, and nothing is lost', () => {
  const frames = [];
  const outlet = new CopyOutlet((f) => frames.push(f));
  const picture = new Picture(70, 50, 3);
  const canvas = new Uint32Array(70 * 50);
  let painted = 0;
  for (let token = 1; token < 200; token++) {
    scribble(picture, token % 60);
    outlet.offer(picture, token);
    assert.ok(frames.length <= painted + 1);
    if (token % 3 === 0) continue;
    for (; painted < frames.length; painted++) {
      const { rects, buffer } = frames[painted];
      const pixels = new Uint32Array(buffer);
      let at = 0;
      for (const { x, y, w, h } of rects) for (let row = y; row < y + h; row++, at += w) canvas.set(pixels.subarray(at, at + w), row * 70 + x);
      outlet.taken(buffer);
    }
    assert.equal(frames.at(-1).token, token);
    assert.deepEqual(canvas, picture.pixels);
  }
  outlet.offer(picture, 200);
  scribble(picture, 3);
  outlet.offer(picture, 201);
  outlet.forget();
  outlet.taken(null);
  assert.equal(frames.at(-1).token, 200, 'what is forgotten is not sent');
});

test('the watch: stuck after five unanswered questions, not after a sleep', () => {
  const time = new FakeTime();
  let asked = 0, stuck = 0;
  const watch = new Watch(() => asked++, () => stuck++, { setInterval: time.setInterval, clearInterval: time.clear, now: () => time.now });
  for (let i = 0; i < 100; i++) {
    time.advance(ASK_EVERY);
    watch.alive();
  }
  assert.deepEqual([asked, stuck], [100, 0]);
  time.advance(MAX_UNANSWERED * ASK_EVERY);
  for (const t of time.timers) t.at += 3600_000; // a closed lid
  time.now += 3600_000;
  time.advance(MAX_UNANSWERED * ASK_EVERY - 1);
  assert.equal(stuck, 0);
  time.advance(2 * ASK_EVERY);
  assert.equal(stuck, 1);
  assert.equal(time.timers.length, 0, 'it is over');
});
