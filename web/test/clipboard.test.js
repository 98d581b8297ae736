import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPaste, Paste, PASTE_WAIT } from '../viewer/clipboard.js';

/** @param {object} e */
const key = (e) => ({ code: 'KeyV', key: 'v', ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, getModifierState: () => false, ...e });

test('the keys that paste, and those that only look like it', () => {
  /** @type {[string, object, boolean, boolean][]} what, event, elsewhere, on a Mac */
  const table = [
    ['Ctrl+V', { ctrlKey: true }, true, false],
    ['Ctrl+Shift+V', { ctrlKey: true, shiftKey: true, key: 'V' }, true, false],
    ['Command+V', { metaKey: true }, false, true],
    ['Command+Ctrl+V', { metaKey: true, ctrlKey: true }, false, false],
    ['Shift+Insert', { code: 'Insert', key: 'Insert', shiftKey: true }, true, false],
    ['Insert on the number pad', { code: 'Numpad0', key: 'Insert', shiftKey: true }, true, false],
    ['Ctrl+Insert copies', { code: 'Insert', key: 'Insert', ctrlKey: true }, false, false],
    ['Insert', { code: 'Insert', key: 'Insert' }, false, false],
    ['V', {}, false, false],
    ['Ctrl+V on Dvorak', { code: 'Period', ctrlKey: true }, true, false],
    ['Ctrl+K on Dvorak', { key: 'k', ctrlKey: true }, false, false],
    ['Ctrl+V on a Russian layout', { key: '\u043c', ctrlKey: true }, true, false],
    ['Command+V on a Russian layout', { key: '\u043c', metaKey: true }, false, true],
    ['AltGr+V', { ctrlKey: true, altKey: true }, false, false],
    ['AltGr+V elsewhere', { ctrlKey: true, getModifierState: () => true }, false, false],
    ['Control alone', { code: 'ControlLeft', key: 'Control', ctrlKey: true }, false, false],
  ];
  for (const [what, e, other, mac] of table) {
    assert.equal(isPaste(key(e), 'other'), other, what);
    assert.equal(isPaste(key(e), 'windows'), other, what + ' on Windows');
    assert.equal(isPaste(key(e), 'mac'), mac, what + ' on a Mac');
  }
});

/** @param {(p: Paste<string>, pressed: string[], later: () => void) => void} f */
function pasting(f) {
  /** @type {string[]} */
  const pressed = [];
  /** @type {Map<number, () => void>} */
  const timers = new Map();
  let ids = 0;
  const paste = new Paste((/** @type {string} */ k) => pressed.push(k), {
    setTimeout: (run, ms) => {
      assert.equal(ms, PASTE_WAIT);
      timers.set(++ids, run);
      return ids;
    },
    clearTimeout: (id) => timers.delete(id),
  });
  f(paste, pressed, () => {
    for (const run of [...timers.values()]) run();
    timers.clear();
  });
}

test('a key that pastes is pressed once, whatever comes', () => {
  pasting((paste, pressed, later) => {
    paste.hold('with its text');
    assert.deepEqual([pressed, paste.holding], [[], true]);
    paste.release();
    later();
    paste.release();
    assert.deepEqual([pressed, paste.holding], [['with its text'], false]);
    paste.hold('no text came');
    later();
    assert.deepEqual(pressed, ['with its text', 'no text came']);
    paste.hold('overtaken');
    paste.hold('by the next');
    assert.deepEqual(pressed.slice(2), ['overtaken']);
    paste.drop();
    later();
    assert.deepEqual(pressed.slice(2), ['overtaken']);
  });
});
