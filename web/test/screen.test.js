// The viewer's picture: ops, compressor frames, numbering.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Picture } from '../shared/picture.js';
import { Screen } from '../shared/screen.js';
import { Frame } from '../shared/zstd.js';
import { jpegSize } from '../shared/jpeg.js';
import { parseHeader, parseOp, PREAMBLE, WireError } from '../shared/wire.js';
import { bytes, fill, frameHead, op, rawBlock, update } from './hex.js';

const RESET = 1, KEY = 2, CATCHUP = 4;

/** A minimal baseline JPEG up to its scan; no decoder of this test looks further. */
const jpeg = (w, h) => bytes(0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, h >> 8, h & 255, w >> 8, w & 255, 1, 1, 0x11, 0, 0xff, 0xda, 0, 2);
const jpegOp = (x, y, w, h, blob) => op(5, x, y, w, h, blob.length & 255, blob.length >> 8, 0, 0);

/** A Screen with what happens to it. Images are decoded when the test says so. */
function setup() {
  const log = { applied: [], resync: [], decodes: [], closed: 0 };
  const images = {
    decode: (b, w, h) => new Promise((ok, fail) => log.decodes.push({ w, h, ok: (v) => ok(v), fail: () => fail(new Error('bad')) })),
    read: (v, w, h) => new Uint8ClampedArray(4 * w * h).fill(v),
    close: () => { log.closed++; },
  };
  const screen = new Screen(images, { onApplied: (a) => log.applied.push(a), onResync: (seq) => log.resync.push(seq) });
  screen.reset(1);
  const push = (o) => {
    const { header, body } = parseHeader(update(o));
    screen.push(header, body);
  };
  const pixel = (x, y) => Array.from(screen.picture.bytes.subarray(4 * (y * screen.picture.width + x), 4 * (y * screen.picture.width + x) + 3));
  return { screen, log, push, pixel };
}
const settle = () => new Promise((r) => setImmediate(r));

test('key, numbered updates, copies', () => {
  const { screen, log, push, pixel } = setup();
  push({ seq: 1, flags: KEY | RESET, ops: [fill(0, 0, 4, 4, 9, 8, 7)] });
  push({ seq: 2, ops: [fill(1, 1, 1, 1, 1, 2, 3), op(2, 2, 2, 2, 2, 1, 0, 1, 0)], captured: 77 });
  assert.deepEqual(pixel(0, 0), [9, 8, 7]);
  assert.deepEqual(pixel(2, 2), [1, 2, 3]);
  assert.deepEqual(pixel(3, 3), [9, 8, 7]);
  assert.equal(screen.seq, 2);
  assert.deepEqual(log.applied.map((a) => [a.seq, a.captured]), [[1, 1], [2, 77]]);
  assert.deepEqual(log.resync, []);
});

test('numbering: old ones are dropped, a gap asks once for a key', () => {
  const { screen, log, push } = setup();
  push({ seq: 7, ops: [] });
  assert.equal(screen.picture, null);
  push({ seq: 5, flags: KEY | RESET, ops: [] });
  push({ seq: 5, ops: [] });
  assert.deepEqual(log.resync, []);
  push({ seq: 7, ops: [] });
  push({ seq: 6, ops: [] });
  push({ seq: 8, ops: [] });
  assert.deepEqual(log.resync, [5]);
  assert.equal(screen.seq, 5);
  push({ seq: 8, flags: KEY | CATCHUP, part: 3, ops: [fill(0, 0, 1, 1, 5, 5, 5)] });
  assert.deepEqual([screen.seq, screen.part], [8, 3]);
  push({ seq: 8, flags: CATCHUP, part: 4, ops: [] });
  push({ seq: 7, flags: CATCHUP, part: 9, ops: [] });
  assert.deepEqual([screen.seq, screen.part], [8, 4]);
  push({ seq: 9, flags: RESET, ops: [fill(0, 0, 1, 1, 6, 6, 6)] });
  push({ seq: 10, ops: [fill(0, 0, 1, 1, 7, 7, 7)] });
  assert.equal(screen.seq, 10);
  assert.deepEqual(log.resync, [5]);
});

test('after a catch-up key the numbered stream must reset its compressor', () => {
  const { log, push } = setup();
  push({ seq: 1, flags: KEY | RESET, ops: [] });
  push({ seq: 1, flags: KEY | CATCHUP, ops: [fill(0, 0, 1, 1, 1, 1, 1)] });
  push({ seq: 2, ops: [fill(0, 0, 1, 1, 1, 1, 1)] });
  assert.deepEqual(log.resync, [1]);
});

test('a catch-up refinement leaves the numbered compressor alone', () => {
  const { screen, log, push, pixel } = setup();
  push({ seq: 1, flags: KEY | RESET, ops: [] });
  push({ seq: 1, flags: CATCHUP, ops: [fill(0, 0, 1, 1, 1, 1, 1)] });
  push({ seq: 2, ops: [fill(1, 0, 1, 1, 2, 2, 2)] });
  assert.deepEqual([screen.seq, pixel(0, 0), pixel(1, 0), log.resync], [2, [1, 1, 1], [2, 2, 2], []]);
});

test('a resize is taken from any earlier number and empties the picture', () => {
  const { screen, push, pixel } = setup();
  push({ seq: 1, flags: KEY | RESET, ops: [fill(0, 0, 4, 4, 9, 9, 9)] });
  push({ seq: 9, flags: KEY | RESET, width: 3, height: 2, layout: 2, ops: [] });
  assert.deepEqual([screen.picture.width, screen.picture.height, screen.picture.layout, screen.seq], [3, 2, 2, 9]);
  assert.deepEqual(pixel(0, 0), [0, 0, 0]);
  push({ seq: 9, flags: KEY | RESET, width: 8, height: 2, layout: 3, ops: [] });
  assert.equal(screen.picture.width, 3);
});

test('another epoch, stream or size', () => {
  const { screen, log, push } = setup();
  push({ seq: 1, flags: KEY | RESET, epoch: 2, ops: [] });
  assert.equal(screen.picture, null);
  push({ seq: 1, flags: KEY | RESET, ops: [] });
  push({ seq: 2, layout: 5, ops: [] });
  assert.deepEqual(log.resync, [1]);
  screen.reset(2);
  push({ seq: 1, flags: KEY | RESET, epoch: 2, width: 2, ops: [] });
  assert.equal(screen.picture.width, 2);
});

const broken = {
  'op outside': { ops: [fill(3, 3, 2, 1, 1, 1, 1)] },
  'more ops announced': { ops: [fill(0, 0, 1, 1, 1, 1, 1)], head: { ops: 2 } },
  'fewer ops announced': { ops: [fill(0, 0, 1, 1, 1, 1, 1), fill(0, 0, 1, 1, 1, 1, 1)], head: { ops: 1 } },
  'longer raw announced': { ops: [fill(0, 0, 1, 1, 1, 1, 1)], head: { raw: 13 } },
  'shorter raw announced': { ops: [fill(0, 0, 1, 1, 1, 1, 1)], head: { raw: 11 } },
  'a second frame without Reset': { ops: [fill(0, 0, 1, 1, 1, 1, 1)], frame: true },
  'bytes behind': { ops: [], blobs: [1] },
  'a JPEG larger than its place': { ops: [jpegOp(0, 0, 2, 2, jpeg(3, 2))], blobs: [jpeg(3, 2)] },
  'a JPEG cut short': { ops: [jpegOp(0, 0, 2, 2, jpeg(2, 2))], blobs: [jpeg(2, 2).subarray(0, 9)] },
};
for (const [name, o] of Object.entries(broken)) {
  test('broken: ' + name, () => {
    const { screen, log, push } = setup();
    push({ seq: 1, flags: KEY | RESET, ops: [fill(0, 0, 4, 4, 1, 1, 1)] });
    const before = Array.from(screen.picture.pixels);
    push({ seq: 2, ...o });
    assert.deepEqual([log.resync, screen.seq], [[1], 1]);
    assert.deepEqual(Array.from(screen.picture.pixels), before);
    push({ seq: 3, flags: KEY | RESET, ops: [] });
    assert.equal(screen.seq, 3);
  });
}

test('a broken key is asked for again', () => {
  const { log, push } = setup();
  push({ seq: 1, flags: KEY | RESET, ops: [fill(3, 3, 9, 9, 1, 1, 1)] });
  assert.deepEqual(log.resync, [0]);
  push({ seq: 2, flags: KEY | RESET, ops: [fill(3, 3, 9, 9, 1, 1, 1)] });
  assert.deepEqual(log.resync, [0, 0]);
});

test('JPEGs decode together, updates stay in order', async () => {
  const { screen, log, push, pixel } = setup();
  push({ seq: 1, flags: KEY | RESET, ops: [] });
  push({ seq: 2, ops: [jpegOp(0, 0, 2, 2, jpeg(1, 1)), jpegOp(2, 2, 2, 2, jpeg(2, 2))], blobs: [jpeg(1, 1), jpeg(2, 2)] });
  push({ seq: 3, ops: [op(2, 0, 2, 1, 1, 0, 0, 0, 0)] });
  assert.deepEqual(log.decodes.map((d) => [d.w, d.h]), [[1, 1], [2, 2]]);
  assert.equal(screen.seq, 1);
  log.decodes[1].ok(50);
  await settle();
  assert.equal(screen.seq, 1);
  log.decodes[0].ok(40);
  await settle();
  assert.deepEqual([screen.seq, pixel(1, 1), pixel(3, 3), pixel(0, 2)], [3, [40, 40, 40], [50, 50, 50], [40, 40, 40]]);
  assert.equal(log.closed, 2);
});

test('a JPEG that does not decode asks for a key; one from before a reset is forgotten', async () => {
  const { screen, log, push } = setup();
  const one = { ops: [jpegOp(0, 0, 2, 2, jpeg(1, 1))], blobs: [jpeg(1, 1)] };
  push({ seq: 1, flags: KEY | RESET, ops: [] });
  push({ seq: 2, ...one });
  push({ seq: 3, ops: [] });
  log.decodes[0].fail();
  await settle();
  assert.deepEqual([log.resync, screen.seq], [[1], 1]);
  push({ seq: 4, flags: KEY | RESET, ...one });
  screen.reset(1);
  push({ seq: 9, flags: KEY | RESET, ops: [] });
  log.decodes[1].ok(1);
  await settle();
  assert.deepEqual([log.resync, screen.seq, log.closed], [[1], 9, 1]);
});

test('updates pile up behind a JPEG only to a limit', () => {
  const { log, push } = setup();
  push({ seq: 1, flags: KEY | RESET, width: 4096, height: 4096, ops: [jpegOp(0, 0, 1, 1, jpeg(1, 1))], blobs: [jpeg(1, 1)] });
  let seq = 1;
  const data = new Uint8Array(3 * 120 * 120);
  while (log.resync.length === 0 && seq < 3000) push({ seq: ++seq, width: 4096, height: 4096, ops: [op(4, 0, 0, 120, 120, data), op(4, 0, 0, 100, 100, data.subarray(0, 30000))] });
  assert.deepEqual(log.resync, [0]);
  assert.ok(seq > 500 && seq < 2000, String(seq));
});

test('frames: header, preamble, blocks', () => {
  const good = bytes(frameHead, rawBlock(bytes(PREAMBLE, 1, 2)));
  assert.deepEqual(Array.from(new Frame().push(good, 18)), [1, 2]);
  const bad = {
    window: bytes(frameHead.slice(0, 5), 0x51, rawBlock(bytes(PREAMBLE, 1, 2))),
    checksum: bytes(frameHead.slice(0, 4), 4, 0x50, rawBlock(bytes(PREAMBLE, 1, 2))),
    preamble: bytes(frameHead, rawBlock(bytes('pinDesk stream 1', 1, 2))),
    'cut block': good.subarray(0, good.length - 1),
    'cut block header': bytes(good, 0),
    'reserved block': bytes(good, 6, 0, 0),
    'large block': bytes(good, rawBlock([0], 0, (128 << 10) + 1, 1)),
    'too much': bytes(good, rawBlock([0], 0, 1, 1)),
    'second frame': bytes(frameHead, rawBlock(bytes(PREAMBLE, 1, 2), 1), frameHead, rawBlock([])),
  };
  for (const [name, packed] of Object.entries(bad)) assert.throws(() => new Frame().push(packed, 18), WireError, name);
  assert.throws(() => new Frame().push(good, 19), WireError);
  assert.throws(() => new Frame().push(good, 15), WireError);
  const ended = new Frame();
  ended.push(bytes(frameHead, rawBlock(bytes(PREAMBLE, 1, 2), 1)), 18);
  assert.throws(() => ended.push(rawBlock([1]), 1), WireError);
});

test('frames: many pieces', () => {
  const f = new Frame();
  f.push(bytes(frameHead, rawBlock(bytes(PREAMBLE))), 16);
  for (let i = 1; i < 500; i++) assert.deepEqual(Array.from(f.push(bytes(rawBlock([i & 255]), rawBlock([7], 0, 3, 1)), 4)), [i & 255, 7, 7, 7]);
});

test('picture: copies move like memmove in every direction', () => {
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, 1], [1, -1], [-1, -1]]) {
    const p = new Picture(5, 5, 1);
    p.pixels.forEach((_, i) => { p.pixels[i] = i; });
    const want = Array.from(p.pixels);
    const source = Array.from(p.pixels);
    for (let y = 1; y < 4; y++) for (let x = 1; x < 4; x++) want[(y + dy) * 5 + x + dx] = source[y * 5 + x];
    p.apply({ code: 2, x: 1 + dx, y: 1 + dy, w: 3, h: 3, sx: 1, sy: 1 });
    assert.deepEqual(Array.from(p.pixels), want, `${dx},${dy}`);
  }
  const p = new Picture(3, 4, 1);
  p.pixels.forEach((_, i) => { p.pixels[i] = i; });
  p.apply({ code: 2, x: 0, y: 1, w: 3, h: 3, sx: 0, sy: 0 });
  assert.deepEqual(Array.from(p.pixels), [0, 1, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test('picture: palettes of 1, 2, 4 and 8 bits', () => {
  for (const n of [2, 3, 4, 5, 16, 17, 256]) {
    const bits = n <= 2 ? 1 : n <= 4 ? 2 : n <= 16 ? 4 : 8;
    const w = 11, h = 3, stride = Math.ceil(w * bits / 8);
    const data = new Uint8Array(stride * h);
    const colours = Uint8Array.from({ length: 3 * n }, (_, i) => i * 7 & 255);
    const p = new Picture(w + 2, h + 1, 1);
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) data[y * stride + (x * bits >> 3)] |= (x * 5 + y) % n << 8 - bits - (x * bits & 7);
    p.apply(parseOp(op(3, 1, 1, w, h, n - 1, colours, data), 0, w + 2, h + 1));
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
      const i = 3 * ((x * 5 + y) % n), at = 4 * ((y + 1) * (w + 2) + x + 1);
      assert.deepEqual(Array.from(p.bytes.subarray(at, at + 4)), [colours[i + 2], colours[i + 1], colours[i], 255], `${n} ${x},${y}`);
    }
  }
});

test('picture: delta against a plain model', () => {
  const w = 7, h = 5, n = w * h;
  const data = Uint8Array.from({ length: 3 * n }, (_, i) => i * 89 + (i >> 3) & 255);
  const signed = (v) => v << 24 >> 24;
  const planes = [0, 1, 2].map((k) => {
    const out = [];
    for (let i = 0; i < n; i++) {
      const x = i % w, y = Math.floor(i / w);
      const s = k === 0 ? (v) => v : signed;
      const guess = i === 0 ? 0 : y === 0 ? out[i - 1] : x === 0 ? out[i - w] : Math.floor((s(out[i - 1]) + s(out[i - w])) / 2);
      out.push(guess + data[k * n + i] & 255);
    }
    return out;
  });
  const p = new Picture(w, h, 1);
  p.apply(parseOp(op(4, 0, 0, w, h, data), 0, w, h));
  for (let i = 0; i < n; i++) {
    const g = planes[0][i];
    assert.deepEqual(Array.from(p.bytes.subarray(4 * i, 4 * i + 4)), [planes[1][i] + g & 255, g, planes[2][i] + g & 255, 255], String(i));
  }
});

test('picture: dirty rectangles cover every change and stay few', () => {
  const p = new Picture(200, 200, 1);
  assert.deepEqual(p.takeDirty(), [{ x: 0, y: 0, w: 200, h: 200 }]);
  p.apply({ code: 1, x: 0, y: 0, w: 10, h: 10, colours: [0, 0, 0] });
  p.apply({ code: 1, x: 10, y: 0, w: 10, h: 10, colours: [0, 0, 0] });
  assert.deepEqual(p.takeDirty(), [{ x: 0, y: 0, w: 20, h: 10 }]);
  for (let i = 0; i < 100; i++) p.apply({ code: 1, x: i * 2, y: (i * 37) % 199, w: 1, h: 1, colours: [0, 0, 0] });
  const rects = p.takeDirty();
  assert.ok(rects.length <= 48);
  for (let i = 0; i < 100; i++) {
    const x = i * 2, y = (i * 37) % 199;
    assert.ok(rects.some((r) => x >= r.x && x < r.x + r.w && y >= r.y && y < r.y + r.h), String(i));
  }
});

test('JPEG sizes', () => {
  assert.deepEqual(jpegSize(jpeg(640, 480)), { w: 640, h: 480 });
  const exif = bytes(0xff, 0xd8, 0xff, 0xe1, 0, 2, jpeg(1, 1).subarray(2));
  const progressive = jpeg(1, 1);
  progressive[3] = 0xc2;
  const twice = bytes(jpeg(1, 1).subarray(0, 15), jpeg(9, 9).subarray(2));
  for (const b of [exif, progressive, twice, jpeg(0, 1), jpeg(1, 0), bytes(0x89, 0x50, 0x4e, 0x47), new Uint8Array(0)]) assert.throws(() => jpegSize(b), WireError);
  for (let i = 0; i < jpeg(1, 1).length; i++) assert.throws(() => jpegSize(jpeg(1, 1).subarray(0, i)), WireError, String(i));
});
