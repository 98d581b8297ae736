// The protocol's vectors, which Go writes and reads as well.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as wire from '../shared/wire.js';
import { fromBase64, fromHex, readVectors, toHex } from './hex.js';

const lower = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k[0].toLowerCase() + k.slice(1), v]));

/** For each event the fields that count. */
function event(e) {
  switch (e.Type) {
    case 1: return { type: 1, x: e.X, y: e.Y };
    case 2: return { type: 2, button: e.Button, down: e.Down };
    case 3: return { type: 3, dx: e.DX, dy: e.DY };
    case 4: return { type: 4, down: e.Down, isText: e.IsText, repeat: e.Repeat, code: e.Code, text: e.Text };
    default: return { type: 5, text: e.Text };
  }
}

// Per set: parse to the vector's own form, and build the same bytes again where there is a builder.
const sets = {
  header: {
    parse: (b) => wire.parseHeader(b).header,
    want: lower,
    build: (h) => wire.message(h),
  },
  ack: { parse: wire.parseAck, want: lower, build: wire.encodeAck },
  input: {
    parse: wire.parseInput,
    want: (v) => ({ layout: v.Layout, events: (v.Events ?? []).map(event) }),
    build: (v) => wire.encodeInput(v.layout, v.events),
  },
  cursor: {
    parse: wire.parseCursor,
    want: (v) => ({ hotX: v.HotX, hotY: v.HotY, w: v.W, h: v.H, rgba: fromBase64(v.RGBA) }),
    build: wire.encodeCursor,
  },
  update: {
    parse: wire.parseUpdate,
    want: (v) => {
      const { packed, ...head } = lower(v.Head);
      assert.equal(packed, v.Packed.length / 2);
      return { head, packed: fromHex(v.Packed), blobs: fromHex(v.Blobs) };
    },
    build: (v) => wire.encodeUpdate(v.head, v.packed, v.blobs),
  },
  ops: {
    parse: (b) => {
      const { end, ...op } = wire.parseOp(b, 0, 100, 50);
      assert.equal(end, b.length);
      return op;
    },
    want: (v) => ({ code: v.Code, x: v.X, y: v.Y, w: v.W, h: v.H, sx: v.SX, sy: v.SY, colours: fromBase64(v.Colours), data: fromBase64(v.Data), blob: v.Blob }),
  },
  clip: { parse: wire.parseClip, want: (v) => v, build: (v) => wire.encodeClip(v) ?? Uint8Array.of(0) },
  cleanclip: { parse: (b) => wire.cleanClip(new TextDecoder('utf-8', { ignoreBOM: true }).decode(b)), want: (v) => v },
  point: {
    parse: wire.parsePoint,
    want: (v) => v && lower(v),
    build: wire.encodePoint,
  },
  chunk: {
    parse: wire.parseChunk,
    want: (v) => ({ offset: v.Offset, data: fromHex(v.Data) }),
    build: (v) => wire.encodeChunk(v.offset, v.data),
  },
  filename: { parse: (b) => wire.cleanFileName(new TextDecoder().decode(b)), want: (v) => v },
  control: { parse: wire.parseControl, want: (v) => v, build: wire.encodeControl },
};

for (const [name, set] of Object.entries(sets)) {
  for (const v of readVectors(name + '.json')) {
    test(`${name}: ${v.name}`, () => {
      const b = fromHex(v.hex);
      if (v.error) {
        assert.throws(() => set.parse(b), wire.WireError);
        return;
      }
      // Uint8Array views differ in their offsets: compare what they hold.
      const got = JSON.parse(JSON.stringify(set.parse(b)));
      assert.deepEqual(got, JSON.parse(JSON.stringify(set.want(v.value))));
      if (set.build && v.name !== 'unknown field') assert.equal(toHex(set.build(set.parse(b))), v.hex);
    });
  }
}

test('control: presenter and viewers are checked field by field', () => {
  const enc = (o) => new TextEncoder().encode(JSON.stringify(o));
  const state = {
    type: 'state', epoch: 3, presenter: { attached: true, changed: false, name: 'x' },
    viewers: [{ viewer: 1, online: true, attach: 4294967295, view: true, control: false }],
  };
  assert.deepEqual(wire.parseControl(enc({ ...state, later: 1 })), state);
  assert.deepEqual(wire.parseControl(enc({ type: 'state', presenter: null, viewers: null })), { type: 'state' });
  for (const bad of [{ viewers: {} }, { viewers: [1] }, { viewers: [{ viewer: 70000 }] }, { viewers: [{ view: 1 }] },
    { presenter: [] }, { presenter: { attached: 'yes' } }, { epoch: 1.5 }]) {
    assert.throws(() => wire.parseControl(enc({ type: 'state', ...bad })), wire.WireError);
  }
  assert.throws(() => wire.parseControl(new Uint8Array(wire.MAX_CONTROL + 1)), wire.WireError);
});

test('control: names of the prototype are no fields', () => {
  const c = wire.parseControl(new TextEncoder().encode('{"type":"state","__proto__":{"view":true},"presenter":{"__proto__":{"attached":true}}}'));
  assert.equal(c.view, undefined);
  assert.equal(c.presenter?.attached, false);
});

test('pointer', () => {
  assert.deepEqual(wire.parsePointer(wire.encodePointer(65535, 258)), { x: 65535, y: 258 });
  assert.throws(() => wire.parsePointer(new Uint8Array(3)), wire.WireError);
});

test('terminal close codes', () => {
  assert.deepEqual([1006, 4000, 4002, 4009, 4010, 4099, 4100].map(wire.terminal), [false, false, false, false, true, true, false]);
});

test('parsers refuse random bytes with WireError only', () => {
  let seed = 1;
  const random = () => (seed = seed * 1103515245 + 12345 & 0x7fffffff) >> 8;
  const parsers = Object.values(sets).map((s) => s.parse);
  let refused = 0;
  for (let i = 0; i < 20000; i++) {
    const b = Uint8Array.from({ length: random() % 48 }, () => (random() % 3 ? random() % 8 : random()) & 255);
    for (const parse of parsers) {
      if (parse === sets.ops.parse) continue; // asserts on the length
      try { parse(b); } catch (err) { assert.ok(err instanceof wire.WireError, String(err)); refused++; }
    }
    try { wire.parseOp(b, 0, 100, 50); } catch (err) { assert.ok(err instanceof wire.WireError, String(err)); refused++; }
  }
  assert.ok(refused > 1000);
});
