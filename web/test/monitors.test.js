// The monitors: the person's choice over drops, the map, the shortcuts, the pointer.
import assert from 'node:assert/strict';
import test from 'node:test';
import { placeIn } from '../viewer/cursor.js';
import { areaOf, Choice, mapOf, numberOf } from '../viewer/monitors.js';
import { Model } from '../viewer/state.js';

const dp1 = { stream: 1, name: 'DP-1', x: 0, y: 0, w: 1920, h: 1080, primary: true };
const dp2 = { stream: 2, name: 'DP-2', x: 1920, y: 60, w: 1280, h: 1024 };
const both = [dp1, dp2];
const watch = (stream) => [{ type: 'watch', stream }];

test('the choice is named when the relay does not know it any more, once a socket and epoch', () => {
  const c = new Choice();
  assert.deepEqual(c.told(0, both, '1/1'), [], 'nothing was chosen');
  assert.deepEqual(c.choose(3, both, '1/1'), [], 'there is no such monitor');
  assert.deepEqual(c.choose(2, both, '1/1'), watch(2));
  assert.deepEqual(c.told(0, both, '1/1'), [], 'the answer is on its way');
  assert.deepEqual(c.told(2, both, '1/1'), []);
  assert.deepEqual(c.told(2, both, '2/1'), [], 'the relay has kept it');
  assert.deepEqual(c.told(0, [], '2/2'), [], 'the presenter has not said yet');
  const anew = [{ ...dp2, stream: 5 }, { ...dp1, stream: 6 }];
  assert.deepEqual(c.told(0, anew, '2/2'), watch(5), 'by its name');
  assert.deepEqual(c.told(0, anew, '2/2'), [], 'once');
  assert.deepEqual(c.told(0, anew, '3/2'), watch(5));
});

test('a monitor that is gone is not chosen any more', () => {
  const c = new Choice();
  c.choose(2, both, '1/1');
  assert.deepEqual(c.told(0, [dp1], '1/1'), []);
  assert.deepEqual(c.told(0, both, '2/1'), [], 'nor when it is back');
  c.choose(1, both, '2/1');
  assert.deepEqual(c.choose(0, both, '2/1'), watch(0));
  assert.deepEqual(c.told(0, both, '3/1'), [], 'all together needs no naming');
  const unnamed = [{ stream: 3, x: 0, y: 0, w: 8, h: 8 }, { stream: 4, x: 8, y: 0, w: 8, h: 8 }];
  c.choose(4, unnamed, '3/1');
  assert.deepEqual(c.told(0, [{ ...unnamed[0], stream: 5 }], '3/2'), [], 'one without a name is known by its stream only');
});

test('the page: its monitors, its stream; nothing is chosen without the view grant', () => {
  const m = new Model();
  m.onLink({ phase: 'open' });
  m.onControl({ type: 'welcome', role: 'viewer', viewer: 3, epoch: 1 });
  const state = (mine, monitors) => m.onControl({ type: 'state', epoch: 1, presenter: { attached: true, monitors }, viewers: [{ viewer: 3, online: true, ...mine }] });
  state({ asking: 'view' });
  assert.deepEqual([m.page().monitors, m.page().stream, m.watch(2)], [[], 0, []]);
  state({ view: true }, both);
  assert.deepEqual([m.page().monitors, m.watch(0), m.watch(9)], [both, [], []]);
  assert.deepEqual(m.watch(2), watch(2));
  assert.deepEqual(state({ view: true, stream: 2 }, both), []);
  assert.equal(m.page().stream, 2);
  m.onLink({ phase: 'open' });
  m.onControl({ type: 'welcome', role: 'viewer', viewer: 3, epoch: 1 });
  assert.deepEqual(state({ view: true }, both), watch(2), 'on a new socket');
  const many = Array.from({ length: 40 }, (_, i) => ({ ...dp1, stream: i + 1 }));
  state({ view: true }, many);
  assert.equal(m.page().monitors.length, 16);
});

test('a map to scale', () => {
  const round = (map) => JSON.parse(JSON.stringify(map, (_, v) => (typeof v === 'number' ? Math.round(v) : v)));
  assert.deepEqual(round(mapOf(both, { w: 320, h: 200 })), {
    w: 320, h: 108, boxes: [{ stream: 1, x: 0, y: 0, w: 192, h: 108 }, { stream: 2, x: 192, y: 6, w: 128, h: 102 }],
  });
  assert.deepEqual(round(mapOf([{ ...dp1, x: 500, y: 700 }], { w: 100, h: 27 })), { w: 48, h: 27, boxes: [{ stream: 1, x: 0, y: 0, w: 48, h: 27 }] }, 'begins where the first monitor does');
  assert.deepEqual(mapOf([], { w: 1, h: 1 }), { w: 0, h: 0, boxes: [] });
  assert.deepEqual(mapOf([{ stream: 1, x: 0, y: 0, w: 0, h: 0 }], { w: 1, h: 1 }), { w: 0, h: 0, boxes: [] });
});

test('the part of the desktop, and the pointer in it', () => {
  assert.deepEqual(areaOf(both, 2), { x: 1920, y: 60, w: 1280, h: 1024 });
  assert.equal(areaOf(both, 0), null);
  assert.deepEqual(placeIn(null, { x: 3, y: 4 }), { x: 3, y: 4 });
  const area = areaOf(both, 2);
  assert.deepEqual(placeIn(area, { x: 1920, y: 60 }), { x: 0, y: 0 });
  assert.deepEqual(placeIn(area, { x: 3199, y: 1083 }), { x: 1279, y: 1023 });
  for (const outside of [{ x: 1919, y: 60 }, { x: 1920, y: 59 }, { x: 3200, y: 60 }, { x: 1920, y: 1084 }]) assert.equal(placeIn(area, outside), null);
});

test('the shortcuts', () => {
  const e = (o = {}, graph = false) => ({ code: 'Digit2', ctrlKey: true, altKey: true, shiftKey: true, metaKey: false, getModifierState: (k) => graph && k === 'AltGraph', ...o });
  assert.equal(numberOf(e()), 2);
  assert.equal(numberOf(e({ code: 'Digit0' })), 0);
  for (const no of [e({ code: 'KeyS' }), e({ ctrlKey: false }), e({ altKey: false }), e({ shiftKey: false }), e({ metaKey: true }), e({}, true), e({ code: 'Numpad2' })]) {
    assert.equal(numberOf(no), null);
  }
});
