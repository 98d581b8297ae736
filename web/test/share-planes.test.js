// What has changed between two frames, by their planes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { changed, planes } from '../guest/planes.js';
import { random } from './sharescene.js';

const inside = ({ x, y, w, h }, px, py) => px >= x && px < x + w && py >= y && py < y + h;

for (const format of ['I420', 'NV12']) {
  test(`${format}: every change is inside of a rectangle, and nothing means none`, () => {
    const rnd = random(4);
    for (let i = 0; i < 400; i++) {
      const width = 1 + rnd(200);
      const height = 1 + rnd(200);
      const how = planes(format, width, height);
      assert.equal(how.size % 4, 0);
      const a = Uint32Array.from({ length: how.size / 4 }, () => rnd(2 ** 32));
      const b = a.slice();
      assert.deepEqual(changed(a, b, how, width, height), []);
      const bytes = new Uint8Array(b.buffer);
      const at = [];
      for (let n = 1 + rnd(8); n > 0; n--) {
        const plane = rnd(how.layout.length);
        const x = rnd(width);
        const y = rnd(height);
        const { offset, stride } = how.layout[plane];
        const column = plane === 0 ? x : format === 'NV12' ? 2 * (x >> 1) + rnd(2) : x >> 1;
        bytes[offset + stride * (plane === 0 ? y : y >> 1) + column] ^= 1 + rnd(255);
        at.push([x, y]);
      }
      if (a.every((word, k) => word === b[k])) continue; // changed, and changed back
      const rects = changed(a, b, how, width, height);
      for (const r of rects) {
        assert.ok(r.x >= 0 && r.y >= 0 && r.w > 0 && r.h > 0 && r.x + r.w <= width && r.y + r.h <= height);
        assert.equal(r.x % 2 + r.y % 2, 0);
      }
      if (at.length > 1) continue; // some may be the same byte, back again
      assert.ok(rects.some((r) => inside(r, ...at[0])), `${at} in ${JSON.stringify(rects)}`);
    }
  });
}

test('other formats have no planes that are known', () => {
  assert.equal(planes('RGBA', 4, 4), null);
  assert.equal(planes(null, 4, 4), null);
});
