// What stands in the way at the other computer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { obstacle } from '../viewer/condition.js';

test('what stands in the way is said while it does', () => {
  for (const [presenter, want] of /** @type {const} */ ([
    [null, null],
    [{ attached: true }, null],
    [{ attached: true, condition: 'locked' }, { key: 'condition.locked', still: true }],
    [{ attached: true, condition: 'secure' }, { key: 'condition.secure', still: true }],
    [{ attached: true, condition: 'elevated' }, { key: 'condition.elevated', still: false }],
    [{ attached: true, condition: 'constructor' }, null], // of a newer presenter, or hostile
    [{ attached: false, condition: 'locked' }, null], // it is gone, which is said elsewhere
  ])) {
    assert.deepEqual(obstacle(presenter), want, JSON.stringify(presenter));
  }
});
