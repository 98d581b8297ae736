// The guest's page: what it is, what it may do, what it remembers, what is kept.
import assert from 'node:assert/strict';
import test from 'node:test';
import guest from '../guest/texts/en.js';
import { courseOf, endOf } from '../guest/course.js';
import { archOf, exeURL, programFor, startCommand } from '../guest/programs.js';
import { Log } from '../guest/log.js';
import { Record } from '../guest/record.js';
import { report } from '../guest/report.js';
import { systemOf, waysOf } from '../guest/system.js';
import { takeBack } from '../guest/takeback.js';
import { Close, encodeControl, Kind, message, parseControl, parseHeader } from '../shared/wire.js';
import { addTexts } from '../shared/texts.js';

await addTexts({ en: guest, load: () => Promise.reject(new Error('none')) });
const person = (viewer, sees, name = 'Sofia') => ({ viewer, name, twin: false, sees, asks: false, wished: false });

test('systems, and what can be done there', () => {
  for (const [userAgent, touchPoints, want] of [
    ['Mozilla/5.0 (X11; Linux x86_64)', 0, 'linux'], ['Mozilla/5.0 (Linux; Android 15)', 5, 'android'], ['Mozilla/5.0 (Windows NT 10.0)', 10, 'windows'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 0, 'mac'], ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 5, 'ios'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)', 5, 'ios'], ['Mozilla/5.0 (X11; CrOS x86_64 14541)', 0, 'chromeos'], ['', 0, 'other'],
  ]) assert.equal(systemOf({ userAgent, touchPoints }), want, userAgent);
  const ways = (system, canShare, secure) => { const { browser, program } = waysOf({ system, canShare, secure }); return `${browser} ${program}`; };
  assert.deepEqual([ways('linux', true, true), ways('linux', false, false), ways('mac', false, true), ways('ios', false, false)],
    ['yes yes', 'insecure yes', 'old notyet', 'phone phone']);
});

test('the program for a system, out of whatever came', () => {
  const list = [{ os: 'windows', arch: 'amd64', bytes: 7e6 }, { os: 'linux', arch: 'amd64', bytes: 9e6 }, { os: 'linux', arch: 'arm64', bytes: 8e6 }];
  for (const [system, arch, want] of [
    ['windows', 'amd64', 'windows amd64 7000000'], ['windows', 'arm64', 'windows amd64 7000000'], ['linux', 'arm64', 'linux arm64 8000000'],
    ['mac', 'arm64', null], ['android', 'arm64', null], ['other', 'amd64', null],
  ]) {
    const p = programFor(list, system, arch);
    assert.equal(p && `${p.os} ${p.arch} ${p.bytes}`, want, `${system} ${arch}`);
  }
  assert.equal(programFor([{ os: 'linux', arch: 'amd64', bytes: 1 }], 'linux', 'arm64'), null);
  for (const bad of [null, {}, 'x', [null], [7], [{ os: 'windows' }], [{ os: 'windows', arch: 'amd64', bytes: '7' }], [{ os: 'windows', arch: 'amd64', bytes: 0 }]]) {
    assert.equal(programFor(bad, 'windows', 'amd64'), null);
  }
  assert.equal(exeURL('7W2-97-8570', { os: 'windows', arch: 'amd64', bytes: 1 }), '/api/v1/exe?session_pin=7W2-97-8570&os=windows&arch=amd64');
  const of = { pin: '7W2-97-8570', broker: 'https://desk.example', got: true };
  assert.match(startCommand(of), /PinDesk_7W2-97-8570\*\.bin.*; "\.\/\$p"$/);
  assert.match(startCommand({ ...of, handover: 'S.x' }), /; PINDESK_HANDOVER=S\.x "\.\/\$p"$/);
  assert.equal(startCommand({ ...of, got: false, handover: 'S' }), 'PINDESK_HANDOVER=S presenter --broker https://desk.example --pin 7W2-97-8570');
  assert.deepEqual([
    archOf({ userAgent: 'Mozilla/5.0 (X11; Linux aarch64)' }), archOf({ userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)', architecture: 'arm' }),
    archOf({ userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)', architecture: 'x86' }), archOf({ userAgent: '' }),
  ], ['arm64', 'arm64', 'amd64', 'amd64']);
});

test('what the page is', () => {
  const known = { pin: 'P', unknown: false, can: true, again: false, picking: false, shares: false, opened: false, share: null, end: '' };
  const share = { link: { phase: 'open' }, watched: false, people: [], question: null };
  for (const [more, want] of [
    [{ pin: '' }, 'error pin'], [{ unknown: true }, 'error unknown'], [{}, 'start '], [{ again: true }, 'start again'], [{ can: false, again: true }, 'start cannot'],
    [{ picking: true }, 'picking '], [{ shares: true }, 'sharing connecting'], [{ shares: true, opened: true, share: { ...share, link: { phase: 'retrying' } } }, 'sharing reconnecting'],
    [{ shares: true, share }, 'sharing alone'], [{ shares: true, share: { ...share, people: [person(1, false)] } }, 'sharing waiting'],
    [{ shares: true, share: { ...share, watched: true } }, 'sharing watched'], [{ shares: true, share: { ...share, watched: true, question: {} } }, 'sharing asked'],
    [{ end: 'moved', unknown: true }, 'ended moved'], [{ end: 'left' }, 'ended left'],
  ]) {
    const { state, detail } = courseOf({ ...known, ...more });
    assert.equal(`${state} ${detail}`, want);
  }
  assert.deepEqual([Close.Replaced, Close.Moved, Close.Ended, 'unknown_session', Close.Full].map(endOf), ['taken', 'moved', 'ended', 'ended', 'failed']);
});

test('the record: from when to when, over a reload', () => {
  const r = new Record();
  r.begin(1000);
  assert.equal(r.see([person(1, false)], 1500), false);
  assert.equal(r.see([person(1, true), person(2, true)], 2000), true);
  r.see([person(2, true)], 3000);
  const after = Record.of(JSON.parse(JSON.stringify(r.keep(4000))));
  assert.deepEqual(after.watched.map((w) => [w.viewer, w.from, w.to]), [[1, 2000, 3000], [2, 2000, 4000]]);
  assert.deepEqual(after.shared, [{ from: 1000, to: 4000 }]);
  for (const bad of [null, 7, {}, { at: 1, watched: [{}], shared: 'x' }]) assert.deepEqual(Record.of(bad).watched, []);
});

test('the report runs nothing, and does not say what it does not know', () => {
  const record = new Record();
  record.begin(1000);
  record.see([person(1, true, '<img src=x onerror=alert(1)>')], 2000);
  const of = { pin: 'P', where: 'there', record, lines: [{ id: 1, time: 1, viewer: 1, name: 'S', text: '</li><script>alert(1)</script>' }], abuse: 'mailto:abuse@example.com', now: 3000 };
  const page = report(of);
  assert.doesNotMatch(page, /<script|<img/);
  assert.match(page, /abuse@example\.com/);
  assert.ok(page.includes(guest['guest.report.control.none']));
  record.moved = true;
  assert.ok(!report(of).includes(guest['guest.report.control.none']));
});

/** What the broker answers. @param {...[string, object?]} all types with what is known, one a second */
const logged = (...all) => ({ after: all.length, events: all.map(([type, more], i) => ({ number: i + 1, at: new Date((i + 1) * 1000).toISOString(), type, ...more })) });
const spans = (all) => all.map((w) => [w.viewer, w.from / 1000, w.to / 1000]);
const one = { viewer: 1, name: 'Sofia' }, two = { viewer: 2, name: 'Max' };

test('the log: who watched, who controlled, which files came', () => {
  const log = new Log();
  assert.equal(log.take(logged(
    ['presenter_started'], ['viewer_started', one], ['asked', { ...one, right: 'view' }], ['granted', { ...one, right: 'view' }], ['presenter_resumed'], // 5: the program
    ['viewer_started', two], ['granted', { ...two, right: 'view' }], ['granted', { ...one, right: 'control' }], ['granted', { ...two, right: 'control' }], ['passed_on', { ...one, right: 'control' }],
    ['file_stored', { ...two, file: 'a.txt', size: 5, upward: true }], ['yielded', { ...two, right: 'control' }], ['viewer_left', two], ['viewer_resumed', two], ['revoked', { ...two, right: 'view' }],
    ['presenter_left'], ['presenter_resumed'], ['of the future', one], ['session_ended'],
  )), false);
  assert.deepEqual(spans(log.watched), [[1, 4, 16], [2, 7, 13], [2, 14, 15], [1, 17, 19]]);
  assert.deepEqual(spans(log.controlled), [[1, 8, 10], [2, 9, 12]]);
  assert.deepEqual(log.files, [{ viewer: 2, name: 'Max', file: 'a.txt', size: 5, upward: true, at: 11_000 }]);
  assert.equal(log.take({ after: 19, events: [] }), false);
  for (const bad of [null, {}, { after: 'x', events: [] }, { after: 99, events: 7 }, { after: 20, events: [null, 7, { number: 20 }, { number: 20, at: 'x', type: 'granted' }] }]) log.take(bad);
  assert.equal(log.watched.length, 4);
  assert.equal(log.gaps, false);
});

test('the log: a grant outlives its viewer for a minute only, and lists have an end', () => {
  const log = new Log();
  log.take(logged(['presenter_started'], ['viewer_started', one], ['granted', { ...one, right: 'view' }], ['viewer_left', one]));
  log.take({ after: 5, events: [{ number: 5, at: new Date(70_000).toISOString(), type: 'viewer_resumed', viewer: 1 }] });
  assert.deepEqual(spans(log.watched), [[1, 3, 4]]);
  const many = new Log();
  many.take(logged(['presenter_started'], ['viewer_started', one], ...Array.from({ length: 900 }, (_, i) => [i % 2 ? 'revoked' : 'granted', { ...one, right: 'view' }]), ['events_lost']));
  assert.deepEqual([many.watched.length, many.gaps], [200, true]);
  const early = new Log(); // its viewer came before the guest
  assert.equal(early.take({ after: 1000, events: logged(['presenter_started'], ['asked', { ...one, right: 'view' }], ['granted', { ...one, right: 'view' }]).events }), true);
  assert.deepEqual(spans(early.watched), [[1, 3, 0]]);
});

test('what the log says is in the record and the report, over a reload', () => {
  const r = new Record();
  r.begin(1000);
  r.see([person(1, true)], 2000);
  r.end(3000);
  r.moved = true;
  const of = { pin: 'P', where: 'there', lines: [], abuse: '', now: 9000 };
  assert.ok(report({ ...of, record: r }).includes(guest['guest.report.files.unknown']));
  const log = new Log();
  log.take(logged(['presenter_started'], ['viewer_started', { ...one, name: '<b>' }], ['granted', { viewer: 1, right: 'control' }], ['file_stored', { viewer: 1, file: '<i>.txt', size: 5 }], ['session_ended']));
  r.learn(log.done, 6000);
  r.see([person(3, true)], 7000);
  const after = Record.of(JSON.parse(JSON.stringify(r.keep(8000))));
  assert.deepEqual(spans(after.whoWatched), [[1, 3, 5], [3, 7, 8]]);
  assert.deepEqual(after.log, r.log);
  const page = report({ ...of, record: after });
  assert.match(page, /&#60;i&#62;\.txt \(5 bytes\), from this computer to &#60;b&#62;/);
  assert.ok(!page.includes('<b>') && !page.includes(guest['guest.report.control.program']) && !page.includes(guest['guest.report.files.unknown']));
  const still = new Log(); // nothing is shared any more, and the broker has not written that down yet
  still.take(logged(['presenter_started'], ['granted', { ...one, right: 'control' }]));
  r.learn(still.done, 9000);
  r.end(9500);
  assert.deepEqual([spans(r.log.watched), spans(r.log.controlled), spans(still.watched)], [[[1, 2, 9.5]], [[1, 2, 9.5]], [[1, 2, 0]]]);
  assert.equal(Record.of({ at: 1, watched: [], shared: [], log: { read: 1, watched: 'x' } }).log, null);
});

/** The relay as takeBack meets it. */
function relay() {
  const world = { said: [], joins: [], socket: null, closed: 0 };
  world.env = {
    origin: 'https://desk.example',
    fetch: async (url, init) => {
      world.joins.push(JSON.parse(init.body));
      return new Response(JSON.stringify({ ticket: 'T', relay_path: '/api/v1/relay' }), { status: 200 });
    },
    socket: () => (world.socket = { readyState: 0, send: (m) => world.said.push(parseControl(parseHeader(m).body)), close: () => { world.closed++; } }),
    setTimeout: () => 0, clearTimeout: () => {}, now: () => 0, random: () => 1,
  };
  world.open = async () => {
    while (!world.socket) await new Promise((done) => { setImmediate(done); });
    world.socket.readyState = 1;
    world.socket.onopen();
  };
  world.control = (c) => {
    const { buffer } = message({ kind: Kind.Control }, encodeControl(c));
    world.socket.onmessage({ data: buffer });
  };
  return world;
}

test('stopping what shares in the place of the page', async () => {
  const world = relay();
  const over = takeBack({ pin: 'P', name: 'Anna', resume: 'lent' }, world.env);
  await world.open();
  world.socket.onmessage({ data: new ArrayBuffer(3) }); // garbage
  world.control({ type: 'welcome', role: 'presenter', epoch: 7, resume: 'new', resumed: true });
  assert.deepEqual(world.said, []);
  world.control({ type: 'state', epoch: 7, viewers: [{ viewer: 1, online: true, view: true, control: true }, { viewer: 2, online: true }, { viewer: 3, view: true }] });
  assert.deepEqual(await over, { resume: 'new', code: '' });
  assert.deepEqual(world.joins.map((j) => [j.role, j.resume]), [['presenter', 'lent']]);
  assert.deepEqual(world.said.map((c) => [c.type, c.viewer ?? 0, c.view ?? false]), [['shares', 0, false], ['grant', 1, false], ['grant', 3, false], ['bye', 0, false]]);
  assert.equal(world.closed, 1);
});

test('stopping in a session that has ended', async () => {
  const world = relay();
  const over = takeBack({ pin: 'P', name: '', resume: '' }, world.env);
  await world.open();
  world.socket.onclose({ code: Close.Ended });
  assert.deepEqual(await over, { resume: '', code: Close.Ended });
});
