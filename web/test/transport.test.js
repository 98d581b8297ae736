// Joining, dropping and coming back, with hand-moved time.
import assert from 'node:assert/strict';
import test from 'node:test';
import { solve } from '../shared/puzzle.js';
import { Link } from '../shared/transport.js';
import { FakeTime } from './hex.js';

const settle = () => new Promise((r) => setImmediate(r));
const ok = { status: 200, body: { success: true, ticket: 'T', resumed: false, relay_path: '/api/v1/relay' } };
const error = (status, code, headers = {}) => ({ status, body: { success: false, error: code, message: '' }, headers });

function setup(answers = []) {
  const time = new FakeTime();
  const log = { joins: [], answers: [], sockets: [], states: [], messages: [] };
  const env = {
    origin: 'https://desk.example',
    fetch: async (url, init) => {
      log.joins.push({ at: time.now, url, ...JSON.parse(init.body) });
      log.answers.push(init.headers['Puzzle-Answer'] ?? '');
      const a = answers.shift() ?? ok;
      if (a === 'down') throw new TypeError('failed');
      if (a === 'hangs') return new Promise((_, no) => init.signal.addEventListener('abort', () => no(new Error('aborted'))));
      return new Response(typeof a.body === 'string' ? a.body : JSON.stringify(a.body), { status: a.status, headers: a.headers });
    },
    socket: (url, protocols) => {
      const s = { url, protocols, readyState: 0, sent: [], send: (m) => s.sent.push(m), close: () => { s.readyState = 3; } };
      log.sockets.push(s);
      return s;
    },
    setTimeout: time.setTimeout, clearTimeout: time.clear, now: () => time.now, random: () => 1,
  };
  const link = new Link({ pin: '7W2-97-8570', name: () => 'N', resume: () => 'R', onState: (s) => log.states.push(s), onMessage: (m) => log.messages.push(m) }, env);
  const open = () => { const s = log.sockets.at(-1); s.readyState = 1; s.onopen(); return s; };
  const close = (code) => { const s = log.sockets.at(-1); s.readyState = 3; s.onclose({ code }); };
  const advance = async (ms) => { time.advance(ms); await settle(); };
  const phase = () => log.states.at(-1).phase;
  return { link, log, time, open, close, advance, phase };
}

test('join, then a socket with the ticket as subprotocol', async () => {
  const { link, log, open, phase } = setup();
  link.start();
  await settle();
  assert.deepEqual(log.joins, [{ at: 0, url: '/api/v1/join', session_pin: '7W2-97-8570', role: 'viewer', name: 'N', resume: 'R' }]);
  assert.equal(link.send(new Uint8Array(1)), false);
  const s = open();
  assert.deepEqual([s.url, s.protocols, s.binaryType, phase()], ['wss://desk.example/api/v1/relay', ['pindesk.v1', 'ticket.T'], 'arraybuffer', 'open']);
  s.onmessage({ data: Uint8Array.of(1, 2).buffer });
  s.onmessage({ data: 'text' });
  assert.deepEqual(log.messages, [Uint8Array.of(1, 2)]);
  assert.equal(link.send(new Uint8Array(3)), true);
  assert.equal(s.sent.length, 1);
});

test('a puzzle is solved silently, a second one too, and a broker that only sets puzzles is left alone for a while', async () => {
  const puzzle = (challenge, bits = 6) => ({ status: 429, headers: { 'Retry-After': '60' },
    body: { success: false, error: 'puzzle', message: '', puzzle: { challenge, bits } } });
  const solved = setup([puzzle('one'), puzzle('two')]);
  solved.link.start();
  while (!solved.log.sockets.length) await settle();
  assert.deepEqual(solved.log.answers, ['', await solve('one', 6), await solve('two', 6)]);
  assert.deepEqual(solved.log.states, [{ phase: 'joining' }]);

  const hostile = setup(Array.from({ length: 9 }, (_, i) => puzzle('c' + i)));
  hostile.link.start();
  while (hostile.log.states.length < 2) await settle();
  assert.equal(hostile.log.joins.length, 4);
  assert.equal(hostile.log.states[1].delay, 60_000);

  for (const odd of [puzzle('x', 99), puzzle('', 1), puzzle(7, 1), { ...puzzle('x'), body: { error: 'puzzle' } }]) {
    const { link, log } = setup([odd]);
    link.start();
    while (log.states.length < 2) await settle();
    assert.deepEqual([log.joins.length, log.states[1].delay, log.states[1].problem], [1, 60_000, 'puzzle']);
  }
});

test('the first drop is tried again at once, further ones with growing delays', async () => {
  const { link, log, open, close, advance } = setup();
  link.start();
  await settle();
  open(); close(1006);
  await advance(0);
  assert.equal(log.joins.length, 2);
  const gaps = [];
  for (let i = 0; i < 7; i++) {
    open(); close(1006);
    gaps.push(log.states.at(-1).delay);
    await advance(gaps.at(-1));
    assert.equal(log.joins.length, 3 + i);
  }
  assert.deepEqual(gaps, [1000, 2000, 4000, 8000, 10000, 10000, 10000]);
  open();
  await advance(10_000);
  close(1006);
  assert.equal(log.states.at(-1).delay, 0);
});

test('terminal codes end, others come back', async () => {
  for (const code of [4010, 4011, 4012, 4099]) {
    const { link, log, open, close, advance } = setup();
    link.start();
    await settle();
    open(); close(code);
    assert.deepEqual(log.states.at(-1), { phase: 'over', code });
    link.wake();
    await advance(600_000);
    assert.equal(log.joins.length, 1);
  }
  const delays = {};
  for (const code of [1000, 4000, 4001, 4002]) {
    const { link, log, open, close } = setup();
    link.start();
    await settle();
    open(); close(code);
    delays[code] = log.states.at(-1).delay;
  }
  assert.deepEqual(delays, { 1000: 0, 4000: 1000, 4001: 500, 4002: 0 });
});

test('answers of the API', async () => {
  const cases = [
    [error(404, 'unknown_session'), { phase: 'over', code: 'unknown_session' }],
    [error(403, 'blocked'), { phase: 'over', code: 'blocked' }],
    [{ status: 400, body: 'no json' }, { phase: 'over', code: 'http_400' }],
    [error(429, 'too_many_requests', { 'Retry-After': '7' }), { phase: 'retrying', problem: 'too_many_requests', delay: 7000 }],
    [error(429, 'too_many_requests', { 'Retry-After': '-1' }), { phase: 'retrying', problem: 'too_many_requests', delay: 1000 }],
    [error(429, 'too_many_requests', { 'Retry-After': '99999' }), { phase: 'retrying', problem: 'too_many_requests', delay: 300000 }],
    [error(503, 'draining'), { phase: 'retrying', problem: 'draining', delay: 500 }],
    [error(500, 'internal'), { phase: 'retrying', problem: 'internal', delay: 500 }],
    [{ status: 502, body: '<html>' }, { phase: 'retrying', problem: 'network', delay: 500 }],
    [{ status: 200, body: { ticket: 'T', relay_path: '//evil.example/x' } }, { phase: 'retrying', problem: 'http_200', delay: 500 }],
    ['down', { phase: 'retrying', problem: 'network', delay: 500 }],
  ];
  for (const [answer, want] of cases) {
    const { link, log } = setup([answer]);
    link.start();
    await settle();
    assert.deepEqual(log.states.at(-1), want);
    assert.equal(log.sockets.length, 0);
  }
});

test('a join or socket that hangs is given up', async () => {
  const { link, log, advance, phase } = setup(['hangs']);
  link.start();
  await advance(10_000);
  assert.equal(phase(), 'retrying');
  await advance(500);
  assert.equal(log.sockets.length, 1);
  link.wake();
  assert.equal(log.joins.length, 2);
  await advance(10_000);
  assert.deepEqual([phase(), log.sockets[0].readyState], ['retrying', 3]);
  log.sockets[0].onopen(); // too late: it is another's turn
  assert.equal(phase(), 'retrying');
});

test('a socket that falls silent is given up, one that says something is not', async () => {
  const { link, log, open, advance, phase } = setup();
  link.start();
  await settle();
  const s = open();
  for (let i = 0; i < 10; i++) {
    await advance(20_000);
    s.onmessage({ data: new ArrayBuffer(1) });
  }
  assert.deepEqual([phase(), log.joins.length], ['open', 1]);
  await advance(24_999);
  assert.equal(phase(), 'open');
  await advance(1);
  assert.deepEqual([phase(), s.readyState, log.joins.length], ['joining', 3, 2]);
});

test('wake: a waiting retry is made at once, but not in a storm', async () => {
  const { link, log, advance } = setup(Array(20).fill('down'));
  link.start();
  await settle();
  for (let i = 0; i < 10; i++) { link.wake(); await settle(); }
  assert.equal(log.joins.length, 1);
  await advance(500);
  await advance(999);
  link.wake();
  await settle();
  assert.equal(log.joins.length, 3);
});

test('back online: a socket through the old network is left', async () => {
  const { link, log, open, advance } = setup();
  link.start();
  await settle();
  const first = open();
  link.online();
  assert.equal(first.readyState, 1);
  link.offline();
  link.online();
  assert.equal(first.readyState, 3);
  await advance(600);
  assert.equal(log.sockets.length, 2);
});

test('stop ends', async () => {
  const { link, log, open, close, advance } = setup();
  link.start();
  await settle();
  open();
  link.stop();
  close(1006);
  await advance(60_000);
  assert.deepEqual([log.joins.length, link.send(new Uint8Array(1))], [1, false]);
});
