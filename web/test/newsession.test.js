// What /new does: measuring, making, waiting, mailing, ending; the calls behind it.
import assert from 'node:assert/strict';
import test from 'node:test';
import en from '../shared/texts/en.js';
import de from '../shared/texts/de.js';
import { request } from '../site/api.js';
import { NewSession, POLL, spell } from '../site/newsession.js';
import { problemText } from '../site/parts.js';

const PIN = '7W2-97-8570';
const settle = () => new Promise((r) => setImmediate(r));
const state = (more = {}) => ({ ok: true, data: { presenter_online: false, viewers_online: 0, region: 'eu', expires_at: '2026-11-23T12:00:00.000Z', ...more } });
const no = (code, after = 0) => ({ ok: false, code, after });

/** A model with a server that answers what answer says. */
function setup({ measured = [{ region: 'eu', latency: 5, error: null }], hidden = false } = {}) {
  const w = { asked: [], timers: [], answer: () => state(), hidden, progress: [] };
  w.model = new NewSession({
    request: async (method, path, call = {}) => {
      w.asked.push([method, path, call]);
      return w.answer(method, path, call);
    },
    measure: async (onProgress) => {
      for (const p of w.progress) onProgress(p);
      if (!measured) throw new Error('no');
      return measured;
    },
    setTimeout: (f, ms) => w.timers.push({ f, ms }),
    clearTimeout: (id) => { w.timers[id - 1] = null; },
    hidden: () => w.hidden,
  }, () => {});
  w.tick = async () => {
    const due = w.timers.at(-1);
    await due.f();
    return w.timers.at(-1)?.ms;
  };
  return w;
}

test('the nearest region is chosen, unless the person has chosen', async () => {
  const measured = [{ region: 'b', latency: 10, error: null }, { region: 'c', latency: 90, error: null }, { region: 'a', latency: null, error: new Error() }];
  const { model } = setup({ measured });
  await model.measure();
  assert.deepEqual([model.region, model.nearest, model.measuring, model.regions.map((r) => r.region)], ['b', 'b', 'done', ['b', 'c', 'a']]);
  model.choose('c');
  await model.measure();
  assert.deepEqual([model.region, model.nearest], ['c', 'b']);
});

test('regions that cannot be measured', async () => {
  const w = setup({ measured: null });
  await w.model.measure();
  assert.deepEqual([w.model.measuring, w.model.region], ['failed', '']);
  await w.model.make();
  assert.equal(w.asked[0][1], '/api/v1/session_pin', 'the broker chooses');
});

test('a session is made where the person wants it, with their key', async () => {
  const w = setup();
  w.answer = (method, path) => (path.startsWith('/api/v1/session_pin') ? { ok: true, data: { session_pin: PIN } } : state());
  w.model.key = 'pdk_x';
  w.model.choose('eu west');
  await Promise.all([w.model.make(), w.model.make()]);
  assert.deepEqual(w.asked.filter(([, path]) => path.includes('session_pin?region')), [['GET', '/api/v1/session_pin?region=eu%20west', { key: 'pdk_x' }]]);
  assert.deepEqual([w.model.step, w.model.pin, w.model.busy], ['made', PIN, false]);
});

test('a session that could not be made', async () => {
  const w = setup();
  for (const answer of [no('bad_key'), no('too_many_requests', 7), { ok: true, data: {} }]) {
    w.answer = () => answer;
    await w.model.make();
    assert.equal(w.model.step, 'choose');
    assert.ok(w.model.problem);
  }
});

test('who is there', async () => {
  const w = setup();
  await w.model.open(PIN);
  assert.equal(w.model.phase, 'waiting');
  assert.equal(w.model.state.expires, Date.parse('2026-11-23T12:00:00.000Z'));
  w.answer = () => state({ presenter_online: true });
  assert.equal(await w.tick(), POLL);
  assert.equal(w.model.phase, 'here');
  w.answer = () => state({ presenter_online: true, viewers_online: 2 });
  await w.tick();
  assert.equal(w.model.phase, 'live');
  w.hidden = true;
  assert.ok(await w.tick() > POLL, 'a hidden page asks less often');
  w.answer = () => no('unknown_session');
  await w.tick();
  assert.equal(w.model.phase, 'ended');
  const before = w.asked.length;
  await w.model.look();
  assert.equal(w.asked.length, before, 'nothing more is asked: wrong PINs are counted');
});

test('a server that does not answer is asked less and less, and as it says', async () => {
  const w = setup();
  await w.model.open(PIN);
  w.answer = () => no('network');
  const waits = [];
  for (let i = 0; i < 8; i++) {
    waits.push(await w.tick());
    assert.equal(w.model.offline, i > 0);
  }
  assert.deepEqual(waits, [2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000]);
  w.answer = () => no('too_many_requests', 55);
  assert.equal(await w.tick(), 55_000);
  w.answer = () => state();
  assert.equal(await w.tick(), POLL);
  assert.equal(w.model.offline, false);
});

test('an answer that comes after the end changes nothing', async () => {
  const w = setup();
  await w.model.open(PIN);
  let late;
  w.answer = (method) => (method === 'GET' ? new Promise((r) => { late = r; }) : { ok: true, data: {} });
  const looking = w.tick();
  assert.equal(await w.model.end(), true);
  late(state());
  await looking;
  assert.deepEqual([w.model.phase, w.timers.filter(Boolean)], ['ended', []]);
});

test('an invitation', async () => {
  const w = setup();
  await w.model.open(PIN);
  w.model.key = 'k';
  await w.model.invite('a/b@example.com', 'Ann');
  assert.deepEqual(w.asked.at(-1), ['POST', '/api/v1/email/a%2Fb%40example.com', { key: 'k', body: { type: 'invite', session_pin: PIN, name: 'Ann' } }]);
  assert.deepEqual([w.model.mail, w.model.mailed], ['sent', 'a/b@example.com']);
  w.answer = () => no('bad_address');
  await w.model.invite('x', '');
  assert.deepEqual([w.model.mail, w.model.mailProblem.code, w.asked.at(-1)[2].body], ['failed', 'bad_address', { type: 'invite', session_pin: PIN }]);
});

test('ending needs the right key', async () => {
  const w = setup();
  await w.model.open(PIN);
  w.answer = () => no('key_needed');
  assert.equal(await w.model.end(), false);
  assert.deepEqual([w.model.step, w.model.problem.code], ['made', 'key_needed']);
  w.answer = () => no('unknown_session');
  assert.equal(await w.model.end(), true);
});

test('a PIN said aloud', () => {
  for (const texts of [en, de]) assert.equal(texts['new.alphabet'].split(' ').map((w) => w[0]).join(''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  assert.equal(spell(PIN, en['new.alphabet']), '7 Whiskey 2 – 9 7 – 8 5 7 0');
  assert.equal(spell('AZ9-00-0000', 'short'), 'short Z 9 – 0 0 – 0 0 0 0');
});

test('problems in words', () => {
  assert.match(problemText(no('too_many_requests', 7)), /7 s/);
  assert.match(problemText(no('puzzle')), /10 s/);
  assert.match(problemText(no('http_418')), /http_418/);
  assert.match(problemText(no('network')), /cannot be reached/);
});

/** A fetch that answers one after the other; a function may throw. */
function server(...answers) {
  const asked = [];
  const ask = async (path, init) => {
    asked.push({ path, ...init });
    const [status, body, headers = {}] = answers.shift();
    return { ok: status < 400, status, headers: new Headers(headers), json: async () => (typeof body === 'string' ? JSON.parse(body) : body) };
  };
  return { ask, asked };
}

test('calls: what is sent and what comes back', async () => {
  const s = server([200, { success: true, x: 1 }]);
  assert.deepEqual(await request('POST', '/p', { key: 'k', body: { a: 1 } }, s.ask), { ok: true, data: { success: true, x: 1 } });
  assert.deepEqual(s.asked[0].headers, { 'Content-Type': 'application/json', Authorization: 'Bearer k' });
  assert.equal(s.asked[0].body, '{"a":1}');
  assert.equal(s.asked[0].credentials, 'omit');
  for (const [answer, want] of [
    [[404, { error: 'unknown_session' }], no('unknown_session')],
    [[429, { error: 'too_many_requests' }, { 'Retry-After': '9' }], no('too_many_requests', 9)],
    [[429, { error: 'too_many_requests' }, { 'Retry-After': '99999' }], no('too_many_requests', 120)],
    [[502, '<html>'], no('network')],
    [[418, '<html>'], no('http_418')],
    [[200, 'no JSON'], no('network')],
    [[404, { error: 7 }], no('http_404')],
  ]) assert.deepEqual(await request('GET', '/p', {}, server(answer).ask), want);
  assert.deepEqual(await request('GET', '/p', {}, async () => { throw new TypeError('no'); }), no('network'));
});

test('calls: puzzles are solved, but not without end', async () => {
  const puzzle = [429, { error: 'puzzle', puzzle: { challenge: 'c', bits: 4 } }, { 'Retry-After': '60' }];
  const s = server(puzzle, [200, { success: true }]);
  assert.equal((await request('GET', '/p', {}, s.ask)).ok, true);
  assert.match(s.asked[1].headers['Puzzle-Answer'], /^c\.\d+$/);
  const endless = server(puzzle, puzzle, puzzle, puzzle, puzzle);
  assert.deepEqual(await request('GET', '/p', {}, endless.ask), no('puzzle', 60));
  assert.equal(endless.asked.length, 4);
  await settle();
});
