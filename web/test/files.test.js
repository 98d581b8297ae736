// Files at the viewer's side: two of them, one as the guest's, and what a hostile guest says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { parseChunk } from '../shared/wire.js';
import { Files, MAX_DOWNLOAD } from '../viewer/files.js';
import { Receiver, Sender } from '../viewer/filesender.js';
import { Window } from '../viewer/filewindow.js';
import { FakeTime } from './hex.js';

const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise((r) => setImmediate(r));
};
const bytesOf = (n, seed = 1) => Uint8Array.from({ length: n }, (_, i) => (i * 31 + seed + (i >> 8)) & 255);
const state = (mine = {}, more = {}) => ({ type: 'state', epoch: 1, presenter: { attached: true }, viewers: [{ viewer: 5, view: true, ...mine }], ...more });

/** A page's files and the other side, which is the test. */
function page({ other = () => {}, time = new FakeTime(), welcome = { type: 'welcome', viewer: 5 } } = {}) {
  const said = [];
  const got = [];
  const one = {
    said, got, time, told: [], lose: () => false, read: async (file, from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer()),
  };
  let n = 0;
  one.files = new Files({
    now: () => time.now, setTimeout: time.setTimeout, clearTimeout: time.clear, number: () => ++n + 1000 * said.length,
    say: (s) => {
      said.push(s);
      other(s);
    },
    send: (number, body) => { if (!one.lose()) one.onSent?.(number, parseChunk(body)); },
    buffered: () => 0,
    read: (...args) => one.read(...args),
    tell: (moves) => { one.told = moves; },
    arrived: (id, name, file) => got.push({ id, name, file }),
  });
  one.up = (s = state()) => {
    one.files.onLink(true);
    one.files.onControl(welcome);
    one.files.onControl(s);
  };
  one.hear = (file) => one.files.onControl({ type: 'file', file });
  return one;
}

/** Two pages, each the other's guest. */
function pair() {
  const time = new FakeTime();
  const queue = [];
  let a, b;
  const to = (get, s) => queue.push(() => get().hear(s));
  a = page({ time, other: (s) => to(() => b, s) });
  b = page({ time, other: (s) => to(() => a, s) });
  a.onSent = (number, { offset, data }) => queue.push(() => b.files.onChunk(number, offset, data.slice()));
  b.onSent = (number, { offset, data }) => queue.push(() => a.files.onChunk(number, offset, data.slice()));
  let open = true;
  return {
    a, b, time,
    connect: () => {
      open = true;
      for (const p of [a, b]) p.up();
    },
    disconnect: () => {
      open = false;
      queue.length = 0;
      for (const p of [a, b]) p.files.onLink(false);
    },
    run: async (until, steps = 5000) => {
      for (let i = 0; i < steps && !until(); i++) {
        await new Promise((r) => setImmediate(r));
        const n = queue.length;
        for (let k = 0; k < n && open; k++) queue.shift()?.();
        time.advance(5);
      }
      assert.ok(until(), 'not in time: ' + JSON.stringify([a.told, b.told]));
    },
  };
}

async function arrives(p, from, to, data, name) {
  await p.run(() => to.got.length > 0 && from.told[0].state === 'done');
  assert.equal(to.got[0].name, name);
  const got = Buffer.from(await to.got[0].file.arrayBuffer());
  assert.equal(createHash('sha256').update(got).digest('hex'), createHash('sha256').update(data).digest('hex'));
}

test('a file of any size arrives, and its name is clean', async () => {
  for (const size of [0, 1, 32 << 10, (4 << 20) + 12345]) {
    const p = pair();
    p.connect();
    const data = bytesOf(size);
    p.a.files.send([{ name: '..\\a<b.txt', file: new Blob([data]) }]);
    await p.run(() => p.b.told.length > 0);
    assert.deepEqual([p.a.told[0].state, p.b.told[0].state, p.b.told[0].name, p.b.told[0].size], ['asking', 'offered', 'a_b.txt', size]);
    p.b.files.act(p.b.told[0].id, 'accept');
    await arrives(p, p.a, p.b, data, 'a_b.txt');
  }
});

test('after an interruption it goes on where it was, unasked', async () => {
  const p = pair();
  p.connect();
  const data = bytesOf(3 << 20);
  p.a.files.send([{ name: 'x', file: new Blob([data]) }]);
  await p.run(() => p.b.told.length > 0);
  p.b.files.act(p.b.told[0].id, 'accept');
  for (const at of [300_000, 1_000_000]) {
    await p.run(() => p.b.files.moves[0].at > at);
    p.disconnect();
    await settle();
    assert.deepEqual([p.a.told[0].waiting, p.b.told[0].waiting, p.a.told[0].state], [true, true, 'moving']);
    p.time.advance(5000);
    p.connect();
  }
  await arrives(p, p.a, p.b, data, 'x');
  assert.deepEqual(p.b.said.filter((s) => s.op === 'accept').map((s) => s.offset > 0), [false, true, true]);
});

test('lost chunks are sent again', async () => {
  const p = pair();
  let n = 0;
  p.a.lose = () => ++n % 29 === 0 || (n > 40 && n < 50);
  p.connect();
  const data = bytesOf(400_000);
  p.a.files.send([{ name: 'x', file: new Blob([data]) }]);
  await p.run(() => p.b.told.length > 0);
  p.b.files.act(p.b.told[0].id, 'accept');
  await arrives(p, p.a, p.b, data, 'x');
});

test('what was asked for is taken unasked; a refusal says why', () => {
  const one = page();
  one.up();
  one.files.ask();
  const [{ op, number }] = one.said;
  assert.equal(op, 'ask');
  one.hear({ op: 'offer', number, name: '../log.txt', size: 3 });
  assert.deepEqual([one.said.at(-1), one.told[0].name, one.told[0].state], [{ number, op: 'accept', offset: 0 }, 'log.txt', 'moving']);
  one.files.onChunk(number, 1, bytesOf(2));
  assert.deepEqual(one.said.at(-1), { number, op: 'ack', offset: 0, again: true });
  one.files.onChunk(number, 0, bytesOf(4)); // beyond its end
  one.hear({ op: 'done', number, sha256: '0'.repeat(64) });
  assert.equal(one.told[0].state, 'moving', 'not before all is here');
  one.files.onChunk(number, 0, bytesOf(3));
  one.hear({ op: 'done', number, sha256: '0'.repeat(64) });
  assert.deepEqual([one.said.at(-1).reason, one.told[0].state, one.told[0].reason, one.got.length], ['checksum', 'failed', 'checksum', 0]);
  one.files.ask();
  one.hear({ op: 'refuse', number: one.said.at(-1).number, reason: 'no' });
  assert.deepEqual([one.told[1].state, one.told[1].reason], ['failed', 'no']);
});

test('the guest is asked about a few at a time', () => {
  const one = page();
  one.files.send(Array.from({ length: 7 }, (_, i) => ({ name: 'f' + i, file: new Blob(['x']) })));
  assert.equal(one.said.length, 0, 'nothing without a connection');
  one.up();
  assert.deepEqual(one.said.map((s) => s.op), ['offer', 'offer', 'offer', 'offer']);
  one.hear({ op: 'refuse', number: one.said[0].number, reason: 'no' });
  assert.equal(one.said.length, 5);
  assert.deepEqual(one.told.map((m) => m.state), ['failed', 'asking', 'asking', 'asking', 'asking', 'queued', 'queued']);
});

test('cancel, refuse and forget', () => {
  const one = page();
  one.up();
  one.files.send([{ name: 'a', file: new Blob(['x']) }]);
  one.files.act(one.told[0].id, 'forget');
  assert.equal(one.told.length, 1, 'not while it goes');
  one.files.act(one.told[0].id, 'cancel');
  assert.deepEqual([one.said.at(-1).op, one.told[0].reason], ['cancel', 'stopped']);
  one.files.act(one.told[0].id, 'forget');
  assert.equal(one.told.length, 0);
  one.hear({ op: 'offer', number: 9, name: 'b', size: 1 });
  one.files.act(one.told[0].id, 'refuse');
  assert.deepEqual([one.said.at(-1), one.told.length], [{ number: 9, op: 'refuse', reason: 'no' }, 0]);
  one.hear({ op: 'offer', number: 10, name: 'b', size: MAX_DOWNLOAD + 1 });
  assert.deepEqual([one.said.at(-1), one.told.length], [{ number: 10, op: 'refuse', reason: 'size' }, 0]);
  for (let n = 20; n < 40; n++) one.hear({ op: 'offer', number: n, name: 'b', size: 1 });
  assert.deepEqual([one.said.at(-1).reason, one.told.length], ['busy', 16]);
});

test('another computer gets nothing that was meant for the one before', () => {
  const one = page();
  one.up();
  one.files.send([{ name: 'a', file: new Blob(['x']) }]);
  const said = one.said.length;
  one.files.onControl(state({ held: true, view: false }, { epoch: 2 }));
  one.files.onControl(state({}, { epoch: 2 }));
  assert.deepEqual([one.told[0].state, one.told[0].reason, one.said.length], ['failed', 'lost', said]);
});

test('a page that was loaded anew ends what its forerunner had begun', () => {
  const one = page({ welcome: { type: 'welcome', viewer: 5, resumed: true } });
  one.up();
  assert.deepEqual(one.said, [{ op: 'cancel', number: 0, reason: 'reload' }]);
  one.files.onLink(false);
  one.up();
  assert.equal(one.said.length, 1, 'once');
});

test('what the guest has forgotten fails after a while', () => {
  const one = page();
  one.up();
  one.hear({ op: 'offer', number: 3, name: 'b', size: 10 });
  one.files.act(one.told[0].id, 'accept');
  one.files.onLink(false);
  one.up();
  one.time.advance(20_000);
  assert.equal(one.told[0].state, 'moving');
  one.time.advance(11_000);
  assert.deepEqual([one.told[0].state, one.told[0].reason], ['failed', 'lost']);
});

test('a file that was changed while it is sent fails clearly', async () => {
  for (const read of [async () => { throw new DOMException('changed', 'NotReadableError'); }, async () => new Uint8Array(3)]) {
    const one = page();
    one.read = read;
    one.up();
    one.files.send([{ name: 'a', file: new Blob([bytesOf(100)]) }]);
    one.hear({ op: 'accept', number: one.said[0].number, offset: 0 });
    await settle();
    assert.deepEqual([one.said.at(-1).reason, one.told[0].reason], ['changed', 'changed']);
  }
});

test('acks and offsets of nothing are ignored', async () => {
  const one = page();
  let sent = 0;
  one.onSent = (_, { data }) => { sent += data.length; };
  one.up();
  one.files.send([{ name: 'a', file: new Blob([bytesOf(1 << 20)]) }]);
  const [{ number }] = one.said;
  one.hear({ op: 'accept', number, offset: 5000 });
  await settle();
  assert.equal(sent, 0);
  one.hear({ op: 'accept', number, offset: 0 });
  await settle();
  const before = sent;
  assert.ok(before > 0 && before <= 4096, 'the window begins small');
  one.hear({ op: 'ack', number, offset: 1 << 20 });
  one.hear({ op: 'done', number, sha256: '0'.repeat(64) });
  await settle();
  assert.deepEqual([sent, one.told[0].state], [before, 'moving']);
  one.hear({ op: 'ack', number: 77, offset: 1 });
  assert.deepEqual(one.said.at(-1), { op: 'cancel', number: 77, reason: 'lost' });
});

// The same link as in Go's TestLink.
test('a window fills a link, and what else goes over it waits little', () => {
  for (const [rate, delay, size] of [[1250, 50, 20e6], [37.5, 80, 1e6]]) { // bytes and ms
    const win = new Window();
    const sender = new Sender(size, win);
    const receiver = new Receiver(size);
    let now = 0, busy = 0, worst = 0;
    /** @type {{at: number, offset: number, n: number}[]} */
    const way = [];
    sender.begin(0, 0);
    while (!sender.done && now < 1e6) {
      while (way.length > 0 && way[0].at <= now) {
        const { offset, n } = way.shift();
        const { again } = receiver.take(offset, n);
        sender.acked(receiver.at, again, now);
      }
      for (let next = sender.next(32 << 10); next.n > 0; next = sender.next(32 << 10)) {
        sender.sent(next.n, now);
        busy = Math.max(busy, now) + next.n / rate;
        way.push({ at: busy + delay, ...next });
      }
      worst = Math.max(worst, busy - now);
      now++;
    }
    assert.ok(size / now > 0.85 * rate, `${size / now} of ${rate} bytes/ms`);
    assert.ok(worst < 150, `a message waits ${worst} ms`);
  }
});

test('what is sent last is sent again when it is lost', async () => {
  const p = pair();
  let lost = 0;
  p.a.lose = () => p.b.files.moves[0].at === 0 && lost++ === 0;
  p.connect();
  const data = bytesOf(500);
  p.a.files.send([{ name: 'x', file: new Blob([data]) }]);
  await p.run(() => p.b.told.length > 0);
  p.b.files.act(p.b.told[0].id, 'accept');
  await arrives(p, p.a, p.b, data, 'x');
});

test('what the guest gives up leaves room for the next one at once', async () => {
  const one = page();
  const sent = [];
  one.onSent = (number) => sent.push(number);
  one.up();
  one.files.send(['a', 'b'].map((name) => ({ name, file: new Blob([bytesOf(100_000)]) })));
  const [a, b] = one.said.map((s) => s.number);
  for (const number of [a, b]) one.hear({ op: 'accept', number, offset: 0 });
  await settle();
  assert.ok(sent.includes(a) && !sent.includes(b), 'one after the other');
  one.hear({ op: 'cancel', number: a, reason: 'full' });
  await settle();
  assert.ok(sent.includes(b));
});

test('offers that are cancelled again do not fill the list', () => {
  const one = page();
  one.up();
  for (let number = 1; number <= 500; number++) {
    one.hear({ op: 'offer', number, name: 'b' + number, size: 1 });
    one.hear({ op: 'cancel', number, reason: 'stopped' });
  }
  assert.deepEqual([one.told.length, one.told.at(-1).name], [50, 'b500']);
});

test('with the session everything ends', () => {
  const one = page();
  one.up();
  one.files.send(Array.from({ length: 6 }, () => ({ name: 'a', file: new Blob(['x']) })));
  one.hear({ op: 'accept', number: one.said[0].number, offset: 0 });
  const said = one.said.length;
  one.files.onLink(false);
  one.files.end();
  assert.deepEqual(one.told.map((m) => m.state + m.reason), Array(6).fill('failedlost'));
  assert.equal(one.said.length, said);
});
