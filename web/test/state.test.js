// What the viewer page shows and asks for, from the relay's messages.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Model, STATES } from '../viewer/state.js';

const presenter = { name: 'Ana', attached: true, changed: false };
const state = (mine = {}, o = {}) => ({ type: 'state', epoch: 1, presenter, viewers: [{ viewer: 3, online: true, attach: 1, view: false, control: false, ...mine }], ...o });

function setup() {
  const m = new Model();
  const open = (epoch = 1) => {
    m.onLink({ phase: 'joining' });
    m.onLink({ phase: 'open' });
    m.onControl({ type: 'welcome', role: 'viewer', viewer: 3, epoch, resume: 'r' });
  };
  const is = (want) => {
    const p = m.page();
    assert.ok(STATES[p.state].includes(p.detail), `STATES lacks ${p.state} ${p.detail}`);
    assert.equal([p.state, p.detail, p.picture, p.control ? 'control' : '', p.input ? 'input' : ''].filter(Boolean).join(' '), want);
    return p;
  };
  return { m, open, is };
}

test('from joining to control and back', () => {
  const { m, open, is } = setup();
  is('joining connecting none');
  open();
  is('joining reconnecting none'.replace('reconnecting', m.page().detail));
  assert.deepEqual(m.onControl(state()), [{ type: 'ask' }]);
  assert.deepEqual(is('waiting asking none').panel.says, 'Shares, says: Ana');
  assert.deepEqual(m.onControl(state({ asking: 'view' })), []);
  m.onControl(state({ view: true }));
  is('waiting picture none');
  m.onPainted();
  assert.equal(is('live shown').request, 'ask');
  assert.deepEqual(m.requestControl(), [{ type: 'ask', control: true }]);
  m.onControl(state({ view: true, asking: 'control' }));
  assert.equal(is('live asking shown').request, 'asking');
  m.onControl(state({ view: true, asking: 'control' }, { question: true }));
  is('live asking shown'); // its own question pauses nothing that it has
  m.onControl(state({ view: true }, { question: true }));
  is('live shown'); // nor does another one's
  m.onControl(state({ view: true, asking: 'control' }));
  assert.deepEqual(m.requestControl(), []);
  m.onControl(state({ view: true, control: true }));
  assert.deepEqual([is('live shown control input').who, m.page().request], ['You control', 'yield']);
  assert.deepEqual(m.requestControl(), [{ type: 'yield' }]);
  m.onControl(state({ view: true, control: true }, { question: true }));
  assert.equal(is('live paused shown control').status, 'Input paused');
  m.onControl(state({ view: true }));
  assert.equal(is('live shown').who, 'Nobody controls');
});

test('a browser shares: it can be seen and pointed at, until the program takes over', () => {
  const { m, open, is } = setup();
  open();
  const browser = { presenter: { ...presenter, view_only: true } };
  m.onControl(state({}, browser));
  assert.deepEqual([m.page().points, m.page().who], [false, '']);
  m.onControl(state({ view: true }, browser));
  m.onPainted();
  const page = is('live shown');
  assert.deepEqual([page.request, page.points, page.who], ['none', true, 'Shared from a browser: you can see and point']);
  assert.deepEqual(m.requestControl(), []);
  m.onControl({ type: 'refused', control: true, reason: 'view_only' });
  is('live shown');
  m.onControl(state({ view: true }, { epoch: 2 }));
  m.onPainted();
  assert.deepEqual([is('live shown').request, m.page().points], ['ask', false]);
});

test('refusals', () => {
  const { m, open, is } = setup();
  open();
  m.onControl(state());
  m.onControl({ type: 'refused' });
  assert.deepEqual(is('waiting denied none').panel.actions, ['again']);
  assert.deepEqual(m.onControl(state()), []); // never asks again by itself
  assert.deepEqual(m.askView(), [{ type: 'ask' }]);
  is('waiting asking none');
  m.onControl({ type: 'refused', blocked: true });
  assert.deepEqual(is('waiting denied none').panel.actions, ['home']);
  assert.deepEqual(m.askView(), []);
  m.onControl(state({ view: true }));
  m.onPainted();
  m.onControl({ type: 'refused', control: true });
  assert.equal(is('live denied shown').request, 'ask');
  m.requestControl();
  is('live shown');
  m.onControl({ type: 'refused', control: true, blocked: true });
  assert.equal(is('live denied shown').request, 'none');
  assert.deepEqual(m.requestControl(), []);
});

test('a revoked view takes the picture away', () => {
  const { m, open, is } = setup();
  open();
  m.onControl(state({ view: true }));
  m.onPainted();
  assert.equal(m.mayView, true);
  m.onControl(state());
  is('waiting asking none');
  assert.equal(m.mayView, false);
  m.onPainted();
  is('waiting asking none');
});

test('the presenter goes away and comes back in a new epoch', () => {
  const { m, open, is } = setup();
  open(0);
  assert.deepEqual(m.onControl(state({}, { epoch: 0, presenter: { attached: false, changed: false } })), []);
  is('waiting no-presenter none');
  assert.deepEqual(m.onControl(state()), [{ type: 'ask' }]);
  m.onControl(state({ view: true, control: true }));
  m.onPainted();
  m.onControl(state({ view: true, control: true }, { presenter: { ...presenter, attached: false } }));
  is('waiting presenter-away dimmed control');
  m.onControl(state({ view: true, control: true }, { presenter: { ...presenter, attached: false, left: true } }));
  is('waiting presenter-left none control');
  m.onControl(state({ view: true, control: true }, { epoch: 2 }));
  is('waiting picture dimmed control');
  m.onPainted();
  is('live shown control input');
});

test('another computer: nothing is asked or sent until the person goes on', () => {
  const { m, open, is } = setup();
  open();
  m.onControl(state({ view: true, control: true }));
  m.onPainted();
  const other = { name: 'Eve', attached: true, changed: true };
  assert.deepEqual(m.onControl(state({ held: true }, { epoch: 2, presenter: other })), []);
  const page = is('waiting replaced none');
  assert.equal(page.panel.title, 'Another computer, Eve, is now sharing');
  assert.deepEqual(page.panel.actions, ['continue']);
  m.onControl(state({ held: true, view: true, control: true }, { epoch: 2, presenter: other }));
  m.onPainted();
  is('live replaced shown control');
  assert.deepEqual(m.requestControl(), [{ type: 'yield' }]);
  m.onControl(state({ held: true }, { epoch: 2, presenter: other }));
  assert.deepEqual(m.goOn(), [{ type: 'continue', epoch: 2 }]);
  assert.deepEqual(m.onControl(state({}, { epoch: 2, presenter: other })), [{ type: 'ask' }]);
  assert.deepEqual(m.goOn(), []);
});

test('reconnecting keeps the last picture, dimmed, until there is a new one', () => {
  const { m, open, is } = setup();
  open();
  m.onControl(state({ view: true, control: true }));
  m.onPainted();
  m.onLink({ phase: 'retrying', problem: 'network', delay: 0 });
  is('joining reconnecting dimmed');
  open();
  is('joining reconnecting dimmed');
  assert.deepEqual(m.onControl(state({ view: true, control: true })), []);
  is('waiting picture dimmed control');
  m.onPainted();
  is('live shown control input');
  m.onLink({ phase: 'retrying', problem: 'network', delay: 0 });
  open();
  assert.deepEqual(m.onControl(state()), [{ type: 'ask' }]); // grants are gone: asks once on the new socket
  is('waiting asking none');
});

test('ends and errors', () => {
  const over = (code, first = false) => {
    const { m, open, is } = setup();
    if (!first) open();
    m.onLink({ phase: 'over', code });
    return is(`${m.page().state} ${m.page().detail} none`);
  };
  assert.deepEqual([4010, 4011, 4012, 4013, 'unknown_session'].map((c) => over(c)).map((p) => `${p.state} ${p.detail}`), ['ended taken', 'ended ended', 'ended blocked', 'error full', 'ended ended']);
  assert.deepEqual(['unknown_session', 'blocked', 'bad_origin'].map((c) => over(c, true)).map((p) => `${p.state} ${p.detail}`), ['error unknown', 'error blocked', 'error other']);
  assert.match(over('bad_origin', true).panel.text, /at an address at which it does not work/);
  assert.match(over('no_coffee', true).panel.text, /no_coffee/);
  assert.deepEqual(over(4010).panel.actions, ['here', 'home']);
  const { m, open } = setup();
  open();
  m.onControl({ type: 'ended', reason: 'expired' });
  m.onLink({ phase: 'over', code: 4011 });
  assert.match(m.page().panel.text, /expired/);
  const none = setup();
  none.m.fail('pin');
  assert.deepEqual([none.m.page().state, none.m.page().detail], ['error', 'pin']);
  none.m.fail('data');
  assert.deepEqual([none.m.page().detail, none.m.page().picture, none.m.page().panel.actions], ['data', 'none', ['retry', 'home']]);
});

test('while there is no connection', () => {
  const { m, is } = setup();
  m.onLink({ phase: 'retrying', problem: 'network', delay: 500 });
  is('joining retrying none');
  m.onLink({ phase: 'retrying', problem: 'draining', delay: 500 });
  is('joining draining none');
  m.onLink({ phase: 'retrying', problem: 'too_many_requests', delay: 41_200 });
  assert.match(is('joining busy none').panel.text, /42 s/);
});

test('who controls', () => {
  const { m, open } = setup();
  open();
  const who = (v) => {
    m.onControl({ ...state({ view: true }), viewers: [{ viewer: 3, view: true }, { viewer: 5, online: true, control: true, ...v }] });
    return m.page().who;
  };
  assert.equal(who({ name: 'Bob', online: false }), 'Nobody controls');
  assert.deepEqual([who({ name: 'Bob' }), who({ name: 'Bob', twin: true }), who({})], ['Controls, says: Bob', 'Controls, says: Bob (viewer 5)', 'Viewer 5 controls']);
});
