// Who is told what when control changes hands, and who can do what.
import assert from 'node:assert/strict';
import test from 'node:test';
import { deeds, told } from '../viewer/turns.js';

const at = (mine = {}, other = {}, o = {}) => ({
  open: true, me: 1, control: mine.control ?? false, input: mine.control ?? false, request: mine.control ? 'yield' : 'ask',
  viewers: [{ viewer: 1, online: true, view: true, ...mine }, { viewer: 2, online: true, view: true, name: 'Bo', ...other }], ...o,
});
const what = (before, after) => {
  const got = told(before, after);
  return got && [got.what, got.who?.viewer].filter(Boolean).join(' ');
};

test('who is told what', () => {
  const none = at();
  const have = at({ control: true });
  const bo = (mine = {}) => at(mine, { control: true });
  assert.equal(what(at({ asking: 'control' }), have), 'granted');
  assert.equal(what(none, have), null, 'from the start');
  assert.equal(what(bo(), at({ control: true }, { why: 'handed' })), 'handed 2');
  assert.equal(what(bo({ asking: 'control' }), at({ control: true }, { why: 'taken' })), 'granted');
  assert.equal(what(have, at({ why: 'guest' })), 'guest');
  assert.equal(what(have, bo({ why: 'handed' })), 'given 2');
  assert.equal(what(have, bo({ why: 'taken' })), 'taken 2');
  assert.equal(what(have, at({ why: 'gave' })), null);
  assert.equal(what(none, bo()), null, 'others among themselves');
  assert.equal(what(have, have), null);
  assert.equal(what(at({ control: true }, {}, { open: false }), at({ why: 'guest' })), null, 'after a reconnect');
  assert.equal(what(at({}, {}, { me: 0 }), have), null);
});

test('who can do what', () => {
  assert.deepEqual(deeds(at()), { own: 'ask', hand: [] });
  assert.deepEqual(deeds(at({ may: true }, { control: true })), { own: 'take', hand: [] });
  assert.deepEqual(deeds(at({ control: true })), { own: 'yield', hand: [2] });
  assert.deepEqual(deeds(at({ control: true }, { view: false })), { own: 'yield', hand: [] });
  assert.deepEqual(deeds(at({ control: true }, { online: false })), { own: 'yield', hand: [] });
  assert.deepEqual(deeds(at({ control: true, asking: 'hand', to: 2 })), { own: 'yield', hand: [] });
  assert.deepEqual(deeds(at({ control: true }, {}, { input: false })), { own: 'yield', hand: [] });
  assert.deepEqual(deeds(at({}, {}, { request: 'none' })), { own: '', hand: [] });
});
