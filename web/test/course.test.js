// What is said while there is no connection, and at the end.
import assert from 'node:assert/strict';
import test from 'node:test';
import { lasting } from '../viewer/lasting.js';
import { lost } from '../viewer/ui/course.js';

test('how long something lasted', () => {
  assert.deepEqual([0, 1999, 59_999, 60_000, 3_599_999, 3_600_000, 5_400_000, 90_000_000].map((ms) => lasting(ms, 'en')),
    ['0 seconds', '1 second', '59 seconds', '1 minute', '59 minutes', '1 hour', '1 hour 30 minutes', '25 hours']);
  assert.equal(lasting(120_000, 'de'), '2 Minuten');
});

test('a short drop says nothing, a long one offers to leave', () => {
  assert.deepEqual(lost(0, true), { since: false, hint: '', actions: [] });
  assert.deepEqual(lost(5000, true), { since: true, hint: '', actions: ['now'] });
  assert.deepEqual(lost(60_000, true), { since: true, hint: 'lost.long', actions: ['now', 'leave'] });
  assert.deepEqual(lost(6000, false), { since: true, hint: 'lost.offline', actions: ['now'] });
});
