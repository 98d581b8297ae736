// The wish that the other computer's program goes on as administrator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Elevation, elevation, outcome } from '../viewer/elevate.js';

/** @param {Partial<import('../viewer/elevate.js').Now>} [but] @returns {import('../viewer/elevate.js').Now} */
const page = (but) => ({
  open: true, me: 1, control: true, input: true, presenter: { attached: true, privileges: 'user' }, viewers: [{ viewer: 1, control: true }], ...but,
});

test('only who controls wishes for it, where it is offered', () => {
  for (const [but, want] of /** @type {[Partial<import('../viewer/elevate.js').Now>, string][]} */ ([
    [{}, 'ask'],
    [{ input: false }, 'none'],
    [{ control: false, input: false }, 'none'],
    [{ open: false }, 'none'],
    [{ presenter: null }, 'none'],
    [{ presenter: { attached: true } }, 'none'],
    [{ presenter: { attached: true, privileges: 'admin' } }, 'none'],
    [{ presenter: { attached: true, privileges: 'root' } }, 'none'],
    [{ presenter: { attached: false, privileges: 'user' } }, 'none'],
    [{ input: false, viewers: [{ viewer: 1, asking: 'elevate' }] }, 'asking'],
    [{ viewers: [{ viewer: 2, asking: 'elevate' }, { viewer: 1 }] }, 'ask'],
  ])) assert.equal(elevation(page(but)), want, JSON.stringify(but));
});

test('it is news once, and not of another computer', () => {
  const e = new Elevation();
  /** @param {import('../viewer/elevate.js').Now['presenter']} presenter */
  const take = (presenter) => e.take(page({ presenter }));
  assert.equal(take({ attached: true, privileges: 'admin' }), false); // from the start
  assert.equal(take({ attached: true, privileges: 'user' }), false);
  assert.equal(take({ attached: false, privileges: 'user' }), false);
  assert.equal(take({ attached: true }), false); // the next one has not said yet
  assert.equal(take({ attached: true, privileges: 'admin' }), true);
  assert.equal(take({ attached: true, privileges: 'admin' }), false);
  assert.equal(take({ attached: true, privileges: 'user' }), false);
  assert.equal(take({ attached: true, privileges: 'admin', changed: true }), false);
});

test('each end of it has its words', () => {
  for (const [refused, want] of /** @type {const} */ ([
    [{}, 'refused'], [{ reason: 'declined' }, 'declined'], [{ reason: 'failed' }, 'failed'], [{ reason: 'later' }, 'refused'], [{ reason: 'declined', blocked: true }, 'blocked'],
  ])) assert.equal(outcome({ type: 'refused', elevate: true, ...refused }), 'elevate.' + want);
});
