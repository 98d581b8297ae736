// Which keys are sent, as what, and that none stays held.
import assert from 'node:assert/strict';
import test from 'node:test';
import { cutText, isCharacter, Keyboard } from '../viewer/keyboard.js';
import { utf8Length } from '../shared/wire.js';
import { FakeTime } from './hex.js';

function setup(platform = 'other') {
  const time = new FakeTime();
  const sent = [];
  const keyboard = new Keyboard(platform, (events) => sent.push(...events.map(short)), { setTimeout: time.setTimeout, clearTimeout: time.clear });
  let shift = false; // as a browser does: it is held until its keyup
  const make = (type) => (code, key, o = {}) => {
    if (key === 'Shift') shift = type === 'down';
    return keyboard[type]({
      code, key, keyCode: 0, repeat: false, isComposing: false, timeStamp: time.now, shiftKey: shift,
      ctrlKey: false, altKey: false, metaKey: false, getModifierState: (m) => m === 'AltGraph' && (o.altGr ?? false), ...o,
    });
  };
  const take = () => sent.splice(0);
  return { keyboard, time, down: make('down'), up: make('up'), take };
}

/** "+KeyA:a!" pressed, meant as the character a; "-" released; "*" repeated; "\"text" committed. */
function short(e) {
  if (e.type === 5) return '"' + e.text;
  return (e.down ? (e.repeat ? '*' : '+') : '-') + e.code + (e.text ? ':' + e.text : '') + (e.isText ? '!' : '');
}

test('characters, names of keys and shortcuts', () => {
  const { down, up, take, keyboard } = setup();
  assert.equal(down('KeyQ', 'q'), true);
  assert.equal(keyboard.holding, true);
  down('KeyQ', 'q', { repeat: true });
  up('KeyQ', 'q');
  assert.equal(keyboard.holding, false);
  down('Enter', 'Enter'); up('Enter', 'Enter');
  down('Space', ' '); up('Space', ' ');
  down('F5', 'F5'); up('F5', 'F5');
  assert.deepEqual(take(), ['+KeyQ:q!', '*KeyQ:q!', '-KeyQ:q!', '+Enter', '-Enter', '+Space: !', '-Space: !', '+F5', '-F5']);
  down('ControlLeft', 'Control', { ctrlKey: true });
  assert.equal(down('KeyC', 'c', { ctrlKey: true }), true);
  up('KeyC', 'c', { ctrlKey: true });
  up('ControlLeft', 'Control');
  assert.deepEqual(take(), ['+ControlLeft', '+KeyC:c', '-KeyC:c', '-ControlLeft']);
  down('KeyE', 'е', { metaKey: true });
  down('KeyF', 'f', { altKey: true });
  assert.deepEqual(take(), ['+KeyE:е', '+KeyF:f']);
});

test('a key is released as what it was pressed', () => {
  const { down, up, take } = setup();
  down('ShiftLeft', 'Shift'); down('KeyA', 'A'); up('ShiftLeft', 'Shift'); up('KeyA', 'a');
  assert.deepEqual(take(), ['+ShiftLeft', '+KeyA:A!', '-ShiftLeft', '-KeyA:A!']);
});

test('AltGr on Linux: itself is not sent, its characters are text', () => {
  const { down, up, take } = setup();
  assert.equal(down('AltRight', 'AltGraph', { altGr: true }), true);
  down('KeyE', '€', { altGr: true }); up('KeyE', '€', { altGr: true });
  up('AltRight', 'AltGraph');
  assert.deepEqual(take(), ['+KeyE:€!', '-KeyE:€!']);
  down('KeyE', 'e', { altKey: true });
  assert.deepEqual(take(), ['+KeyE:e']);
});

test('AltGr on Windows: the ControlLeft before it is not sent', () => {
  const { down, up, take, time } = setup('windows');
  down('ControlLeft', 'Control', { ctrlKey: true });
  down('AltRight', 'AltGraph', { ctrlKey: true, altKey: true, altGr: true });
  time.advance(100);
  down('KeyQ', '@', { ctrlKey: true, altKey: true, altGr: true });
  down('ControlLeft', 'Control', { ctrlKey: true, repeat: true });
  down('AltRight', 'AltGraph', { ctrlKey: true, altKey: true, altGr: true, repeat: true });
  up('KeyQ', '@', { ctrlKey: true, altKey: true, altGr: true });
  up('ControlLeft', 'Control'); up('AltRight', 'AltGraph');
  assert.deepEqual(take(), ['+KeyQ:@!', '-KeyQ:@!']);
});

test('AltGr on Windows, noticed late: the ControlLeft is released at once', () => {
  const { down, take, time, keyboard } = setup('windows');
  down('ControlLeft', 'Control', { ctrlKey: true });
  time.advance(20);
  down('AltRight', 'AltGraph', { timeStamp: 0 });
  assert.deepEqual(take(), ['+ControlLeft', '-ControlLeft']);
  assert.equal(keyboard.holding, false);
});

test('Ctrl on Windows is sent before what follows, and alone after a moment', () => {
  const { down, up, take, time } = setup('windows');
  down('ControlLeft', 'Control', { ctrlKey: true });
  down('KeyC', 'c', { ctrlKey: true });
  assert.deepEqual(take(), ['+ControlLeft', '+KeyC:c']);
  up('KeyC', 'c'); up('ControlLeft', 'Control'); take();
  down('ControlLeft', 'Control', { ctrlKey: true });
  assert.deepEqual(take(), []);
  time.advance(10);
  assert.deepEqual(take(), ['+ControlLeft']);
  up('ControlLeft', 'Control'); take();
  down('ControlLeft', 'Control', { ctrlKey: true }); up('ControlLeft', 'Control');
  assert.deepEqual(take(), ['+ControlLeft', '-ControlLeft']);
  time.advance(1000);
  assert.deepEqual(take(), []);
});

test('macOS: Option makes text', () => {
  const { down, up, take } = setup('mac');
  down('AltLeft', 'Alt', { altKey: true }); down('KeyL', '@', { altKey: true }); up('KeyL', '@', { altKey: true }); up('AltLeft', 'Alt');
  assert.deepEqual(take(), ['+AltLeft', '+KeyL:@!', '-KeyL:@!', '-AltLeft']);
});

// Safari and Chromium on macOS tell of no keyup of other keys while Command is held.
test('macOS: Command is Control where that is what it means, and hides no held key', () => {
  const { down, up, take, keyboard } = setup('mac');
  const held = { metaKey: true };
  down('MetaLeft', 'Meta', held);
  assert.deepEqual(take(), [], 'what it means shows with the next key');
  down('KeyC', 'c', held);
  down('KeyV', 'v', held); down('KeyV', 'v', { ...held, repeat: true });
  up('MetaLeft', 'Meta');
  assert.deepEqual(take(), ['+ControlRight', '+KeyC:c', '-KeyC:c', '+KeyV:v', '-KeyV:v', '+KeyV:v', '-KeyV:v', '-ControlRight']);
  assert.equal(keyboard.holding, false);
  down('MetaLeft', 'Meta', held); down('ShiftLeft', 'Shift', held); down('KeyZ', 'z', held); up('ShiftLeft', 'Shift', held); up('MetaLeft', 'Meta');
  assert.deepEqual(take(), ['+ShiftLeft', '+ControlRight', '+KeyZ:z', '-KeyZ:z', '-ShiftLeft', '-ControlRight']);
  down('MetaRight', 'Meta', held); down('KeyC', 'с', held); up('MetaRight', 'Meta');
  assert.deepEqual(take(), ['+ControlRight', '+KeyC:с', '-KeyC:с', '-ControlRight'], 'a Russian layout');
});

test('macOS: Command with other keys, and alone, is the key with the logo', () => {
  const { down, up, take, keyboard } = setup('mac');
  const held = { metaKey: true };
  down('MetaLeft', 'Meta', held); down('KeyL', 'l', held); down('KeyC', 'c', held); up('MetaLeft', 'Meta');
  assert.deepEqual(take(), ['+MetaLeft', '+KeyL:l', '-KeyL:l', '-MetaLeft', '+ControlRight', '+KeyC:c', '-KeyC:c', '-ControlRight']);
  down('MetaLeft', 'Meta', held); up('MetaLeft', 'Meta');
  assert.deepEqual(take(), ['+MetaLeft', '-MetaLeft']);
  down('MetaLeft', 'Meta', held); // Command+Tab: the system takes the rest, and the window loses the focus
  keyboard.release();
  up('MetaLeft', 'Meta');
  assert.deepEqual(take().filter((s) => s.startsWith('+')), []);
  assert.equal(keyboard.holding, false);
});

test('macOS: a click with Command is one with Control', () => {
  const { down, up, take, keyboard } = setup('mac');
  down('MetaLeft', 'Meta', { metaKey: true });
  keyboard.beforeButton({ metaKey: true, getModifierState: () => false });
  up('MetaLeft', 'Meta');
  assert.deepEqual(take(), ['+ControlRight', '-ControlRight']);
});

test('a modifier whose end the system kept to itself is let go by the next event', () => {
  const { down, take, keyboard } = setup();
  down('AltLeft', 'Alt', { altKey: true }); down('MetaLeft', 'Meta', { altKey: true, metaKey: true }); take();
  down('KeyA', 'a');
  assert.deepEqual(take(), ['-AltLeft', '-MetaLeft', '+KeyA:a!']);
  down('ControlLeft', 'Control', { ctrlKey: true }); take();
  keyboard.sync({ ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, getModifierState: () => false });
  assert.deepEqual(take(), ['-ControlLeft']);
});

test('Windows tells only of the end of PrintScreen', () => {
  const { down, up, take } = setup('windows');
  assert.equal(up('PrintScreen', 'PrintScreen'), true);
  assert.deepEqual(take(), ['+PrintScreen', '-PrintScreen']);
  down('PrintScreen', 'PrintScreen'); up('PrintScreen', 'PrintScreen');
  assert.deepEqual(take(), ['+PrintScreen', '-PrintScreen']);
});

test('Ctrl+Alt makes text on Windows, with either hand', () => {
  const { down, up, take } = setup('windows');
  const both = { ctrlKey: true, altKey: true };
  down('ControlLeft', 'Control', { ctrlKey: true }); down('AltLeft', 'Alt', both);
  down('KeyQ', '@', { ...both, altGr: true }); up('KeyQ', '@', { ...both, altGr: true });
  up('AltLeft', 'Alt', { ctrlKey: true }); up('ControlLeft', 'Control');
  assert.deepEqual(take(), ['+ControlLeft', '+AltLeft', '+KeyQ:@!', '-KeyQ:@!', '-AltLeft', '-ControlLeft']);
});

test('a sticky modifier holds for one key, then until it is pressed again', () => {
  const { keyboard, down, up, take } = setup();
  keyboard.stick('ControlLeft');
  assert.equal(keyboard.stuck('ControlLeft'), 'once');
  down('KeyC', 'c'); up('KeyC', 'c');
  assert.deepEqual(take(), ['+ControlLeft', '+KeyC:c', '-KeyC:c', '-ControlLeft']);
  assert.equal(keyboard.stuck('ControlLeft'), null);
  keyboard.stick('AltLeft'); keyboard.stick('AltLeft');
  keyboard.tap('Tab'); keyboard.tap('Tab');
  keyboard.stick('AltLeft');
  assert.deepEqual(take(), ['+AltLeft', '+Tab', '-Tab', '+Tab', '-Tab', '-AltLeft']);
  keyboard.stick('ControlLeft'); keyboard.text('c'); // of a keyboard on glass
  assert.deepEqual(take(), ['+ControlLeft', '+:c', '-:c', '-ControlLeft']);
  keyboard.stick('ControlLeft'); keyboard.stick('ControlLeft');
  keyboard.release();
  assert.deepEqual(take(), ['+ControlLeft', '-ControlLeft']);
  assert.equal(keyboard.stuck('ControlLeft'), null);
});

test('keys pressed together', () => {
  const { keyboard, take, down } = setup();
  down('ShiftLeft', 'Shift'); take();
  keyboard.chord(['ControlLeft', 'AltLeft', 'Delete']);
  assert.deepEqual(take(), ['-ShiftLeft', '+ControlLeft', '+AltLeft', '+Delete', '-Delete', '-AltLeft', '-ControlLeft']);
  assert.equal(keyboard.holding, false);
});

test('dead keys, input methods and locks send nothing and stay with the browser', () => {
  const { down, up, take } = setup();
  for (const [code, key, o] of [['Equal', 'Dead', {}], ['KeyA', 'a', { isComposing: true }], ['', 'Process', {}], ['', 'Unidentified', { keyCode: 229 }], ['CapsLock', 'CapsLock', {}], ['NumLock', 'NumLock', {}]]) {
    assert.equal(down(code, key, o), false);
    assert.equal(up(code, key, o), false);
  }
  assert.deepEqual(take(), []);
  down('KeyE', 'é'); // what the dead key and E made
  assert.deepEqual(take(), ['+KeyE:é!']);
});

test('keys without a code', () => {
  const { down, up, take } = setup();
  assert.equal(down('', 'Enter'), true); up('', 'Enter');
  down('', 'ж'); up('', 'ж');
  down('', '👩‍👩‍👧‍👦');
  assert.equal(down('', 'Unidentified'), false);
  assert.deepEqual(take(), ['+Enter', '-Enter', '"ж', '"👩‍👩‍👧‍👦']);
});

test('keys pressed elsewhere are not sent', () => {
  const { down, up, take } = setup();
  assert.equal(down('Enter', 'Enter', { repeat: true }), true);
  assert.equal(up('Enter', 'Enter'), false);
  assert.deepEqual(take(), []);
});

test('release lets go of everything', () => {
  const { down, take, keyboard, time } = setup('windows');
  down('ShiftLeft', 'Shift'); down('KeyA', 'A'); down('ControlLeft', 'Control', { ctrlKey: true }); take();
  keyboard.release();
  assert.deepEqual(take(), ['-ShiftLeft', '-KeyA:A!']);
  time.advance(1000);
  assert.deepEqual(take(), []);
  assert.equal(keyboard.holding, false);
});

test('text is cut between characters', () => {
  const pieces = cutText('😀ä'.repeat(3000));
  assert.equal(pieces.join(''), '😀ä'.repeat(3000));
  for (const p of pieces) assert.ok(utf8Length(p) <= 4096 && !p.includes('\ufffd') && p.isWellFormed?.() !== false);
  assert.deepEqual(cutText(''), []);
  const { keyboard, take } = setup();
  keyboard.text('a\0b');
  assert.deepEqual(take(), ['"ab']);
});

test('names of keys are no characters', () => {
  assert.deepEqual(['a', '1', ' ', '€', '本', '😀', 'ф', '-', 'e\u0301'].map(isCharacter), Array(9).fill(true));
  assert.deepEqual(['', 'Enter', 'F1', 'Dead', 'AltGraph', '\0'].map(isCharacter), Array(6).fill(false));
});
