// The rules of a sharing tab: who sees, who asks, and that nobody controls.
import assert from 'node:assert/strict';
import test from 'node:test';
import { GRACE, Party, QUESTION, TOO_SOON } from '../guest/party.js';
import { VIEW_ONLY } from '../shared/wire.js';

const shares = { type: 'shares', view_only: true };
const person = (viewer, more = {}) => ({ viewer, name: 'V' + viewer, online: true, ...more });
const state = (...viewers) => ({ type: 'state', epoch: 1, viewers });

function party(consent = 'ask', ...viewers) {
  const p = new Party(consent);
  assert.deepEqual(p.take({ type: 'welcome', epoch: 1 }, 0, 0), [shares]);
  p.take(state(...viewers), 0, 0);
  return p;
}

test('a wish to see is a question; yes grants, no refuses, too soon is nothing', () => {
  const p = party('ask', person(1), person(2, { twin: true }));
  assert.deepEqual(p.take({ type: 'ask' }, 1, 1000), [{ type: 'question', open: true }]);
  assert.deepEqual(p.take({ type: 'ask' }, 2, 1010), []); // one at a time
  assert.deepEqual(p.take({ type: 'ask' }, 1, 1020), []); // once is enough
  assert.deepEqual(p.page().question, { viewer: 1, name: 'V1', twin: false, shown: 1000 });
  assert.deepEqual(p.page().people.map((v) => v.asks), [true, true]);
  assert.deepEqual(p.answer(1, true, 1000 + TOO_SOON - 1), []);
  assert.deepEqual(p.answer(2, true, 2000), []); // not the one that is asked about
  assert.equal(p.watched, false);
  assert.deepEqual(p.answer(1, true, 2000), [{ type: 'grant', viewer: 1, view: true }, { type: 'question', open: true }]);
  assert.equal(p.watched, true);
  assert.deepEqual(p.answer(1, true, 3000), []);
  assert.deepEqual(p.answer(2, false, 3000), [{ type: 'refuse', viewer: 2 }, { type: 'question', open: false }]);
  assert.deepEqual([p.sees(1), p.sees(2)], [true, false]);
  assert.equal(p.page().question, null);
});

test('nobody answers: no', () => {
  const p = party('ask', person(1));
  p.take({ type: 'ask' }, 1, 0);
  assert.deepEqual(p.tick(QUESTION - 5), { out: [], wait: 5 });
  assert.deepEqual(p.tick(QUESTION).out, [{ type: 'refuse', viewer: 1 }, { type: 'question', open: false }]);
  assert.deepEqual(p.tick(QUESTION + 1), { out: [], wait: Infinity });
});

test('who leaves is asked about no more', () => {
  const p = party('ask', person(1), person(2), person(3));
  for (const v of [1, 2, 3]) p.take({ type: 'ask' }, v, 0);
  assert.deepEqual(p.take(state(person(1, { online: false }), person(2, { online: false }), person(3)), 0, 100), [{ type: 'question', open: true }]);
  assert.equal(p.page().question.viewer, 3);
  assert.deepEqual(p.take(state(), 0, 200), [{ type: 'question', open: false }]);
  assert.deepEqual(p.take({ type: 'ask' }, 3, 300), []);
});

test('control is refused with a reason, at once and without a question', () => {
  const p = party('view', person(1));
  assert.deepEqual(p.take({ type: 'ask', control: true }, 1, 0), [{ type: 'refuse', viewer: 1, control: true, reason: VIEW_ONLY }]);
  assert.equal(p.page().question, null);
  assert.equal(p.page().people[0].wished, true);
  assert.deepEqual(p.take({ type: 'ask' }, 1, 0), [{ type: 'grant', viewer: 1, view: true }]);
});

test('the relay cannot grant', () => {
  const p = party('ask', person(1, { view: true, control: true }));
  p.take({ type: 'grant', viewer: 1, view: true }, 1, 0);
  assert.deepEqual([p.sees(1), p.watched], [false, false]);
});

test('revoked is revoked', () => {
  const p = party('view', person(1));
  p.take({ type: 'ask' }, 1, 0);
  assert.deepEqual(p.revoke(1), [{ type: 'grant', viewer: 1, view: false }]);
  assert.deepEqual([p.watched, p.revoke(1)], [false, []]);
});

test('grants outlive a drop: named again, doubted after a minute, void for another party', () => {
  for (const [away, resumed, named] of [[GRACE, true, true], [GRACE + 1, true, false], [0, false, false]]) {
    const p = party('view', person(1), person(2));
    p.take({ type: 'ask' }, 1, 0);
    p.offline(10);
    assert.equal(p.watched, false);
    assert.deepEqual(p.take({ type: 'welcome', epoch: 2, resumed }, 0, 10 + away),
      [shares, ...(named ? [{ type: 'grant', viewer: 1, view: true }] : [])]);
    p.take(state(person(1, { view: named }), person(2)), 0, 10 + away);
    assert.equal(p.sees(1), named);
  }
});

test('who was away for too long for the relay is a stranger', () => {
  const p = party('view', person(1));
  p.take({ type: 'ask' }, 1, 0);
  p.take(state(), 0, 0);
  p.take(state(person(1)), 0, 0);
  assert.equal(p.sees(1), false);
});

test('a reload keeps grants that the relay confirms', () => {
  const p = new Party('ask', [1, 2]);
  assert.deepEqual(p.take({ type: 'welcome', epoch: 3, resumed: true }, 0, 0), [shares]);
  assert.equal(p.watched, false);
  p.take(state(person(1, { view: true }), person(2)), 0, 0);
  assert.deepEqual([p.sees(1), p.sees(2), p.granted], [true, false, [1]]);
});
