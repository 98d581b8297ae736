// Streams of the browser's encoder that Go's decoder must understand, too: internal/screen reads
// the same files. They are what the encoder says today; SHARE_UPDATE=1 writes them anew.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { Encoder } from '../guest/encoder.js';
import { Flag, OpCode, parseHeader, parseOp, parseUpdate } from '../shared/wire.js';
import { Screen } from '../shared/screen.js';
import { Frame } from '../shared/zstd.js';
import { fromHex, readVectors, toHex } from './hex.js';
import { greyImages, greyJpegs, random, rgb, Scene } from './sharescene.js';

const folder = new URL('../../internal/wire/testdata/vectors/browser/', import.meta.url);

/** A stream in the making. */
class Script {
  msgs = [];
  now = 0;

  constructor(width, height) {
    this.scene = new Scene(random(7), width, height);
    this.encoder = new Encoder(greyJpegs);
    this.encoder.begin(1);
  }

  async key(p = {}) {
    if (this.msgs.length === 0) this.encoder.sync(this.scene);
    this.msgs.push(await this.encoder.keyframe({ captured: this.now, ...p }));
  }

  async update(p = {}) {
    this.now += 200;
    const msg = await this.encoder.update(this.scene, { captured: this.now, input: 7, ...p });
    assert.ok(msg, 'nothing to update');
    this.msgs.push(msg);
  }

  async exact() {
    while (this.encoder.pending(this.now).refine) await this.update({ budget: 6000 });
    for (let msg; (msg = this.encoder.catchUp({ captured: this.now, budget: 5000 }));) this.msgs.push(msg);
  }
}

/** @type {Record<string, (v: Script) => Promise<void>>} */
const scripts = {
  async tiles(v) {
    await v.key();
    v.scene.fill({ x: 3, y: 5, w: 60, h: 40 });
    await v.update();
    assert.deepEqual(kinds(v), [OpCode.Fill]);
    for (const [i, n] of [2, 3, 5, 16, 17, 60, 192].entries()) {
      v.scene.each({ x: i * 64 + 1, y: 97, w: 29, h: 29 }, (x, y) => rgb((x * 7 + y * 3) % n, 3, 200));
      await v.update();
      assert.deepEqual(kinds(v), [OpCode.Palette]);
    }
    v.scene.noise({ x: 33, y: 33, w: 31, h: 9 });
    await v.update();
    assert.deepEqual(kinds(v), [OpCode.Delta]);
  },
  async scroll(v) {
    v.scene.text({ x: 0, y: 0, w: 640, h: 480 }, false);
    await v.key();
    for (const [dx, dy] of [[0, -40], [0, 33], [17, 0], [-9, 5]]) {
      v.scene.move({ x: 0, y: 0, w: 640, h: 480 }, dx, dy);
      await v.update();
      assert.ok(kinds(v).includes(OpCode.Copy));
    }
    await v.exact();
  },
  async typing(v) {
    await v.key();
    for (let i = 0; i < 40; i++) {
      v.scene.text({ x: 10 + i * 9, y: 20, w: 8, h: 14 }, true);
      await v.update();
    }
  },
  async photo(v) {
    await v.key();
    v.scene.gradient({ x: 50, y: 40, w: 400, h: 300 });
    v.scene.noise({ x: 480, y: 40, w: 100, h: 100 });
    await v.update();
    assert.ok(kinds(v).includes(OpCode.JPEG));
    await v.exact();
  },
  async late(v) {
    v.scene.noise({ x: 0, y: 0, w: 200, h: 150 });
    v.scene.text({ x: 100, y: 100, w: 300, h: 200 });
    await v.key();
    await v.exact();
    v.scene.text({ x: 50, y: 50, w: 100, h: 60 });
    await v.update();
    await v.key({ size: 20_000 });
    v.scene.text({ x: 90, y: 10, w: 40, h: 60 });
    await v.update();
    await v.exact();
  },
  async resize(v) {
    await v.key();
    v.scene.text({ x: 0, y: 0, w: 200, h: 60 });
    await v.update();
    v.scene = new Scene(random(8), 801, 127);
    v.scene.gradient({ x: 0, y: 0, w: 300, h: 127 });
    await v.update();
    v.scene.text({ x: 300, y: 50, w: 90, h: 70 });
    await v.update();
    await v.exact();
  },
  async 'a screenful, and again'(v) {
    v.scene.text({ x: 0, y: 0, w: 640, h: 60 }, true);
    const lines = v.scene.pixels.slice(0, 640 * 60);
    await v.key();
    for (let i = 0; i < 5; i++) { // more than a compressor's window
      for (let y = 0; y < 480; y += 12) v.scene.pixels.set(lines.subarray(640 * 12 * v.scene.rnd(5)).subarray(0, 640 * 12), 640 * y);
      await v.update();
    }
    await v.exact();
  },
};

/** The kinds of ops of a script's last message. */
function kinds(v) {
  const frames = [null, null]; // of numbered updates, of others
  let block = new Uint8Array(0);
  let head;
  for (const msg of v.msgs) {
    const { header, body } = parseHeader(msg);
    const update = parseUpdate(body);
    const alone = header.flags & Flag.CatchUp ? 1 : 0;
    if (alone || header.flags & Flag.Reset) frames[alone] = new Frame();
    head = update.head;
    block = head.raw > 0 ? frames[alone].push(update.packed, head.raw) : new Uint8Array(0);
  }
  const codes = new Set();
  for (let i = 0, at = 0; i < head.ops; i++) {
    const op = parseOp(block, at, head.width, head.height);
    codes.add(op.code);
    at = op.end;
  }
  return [...codes];
}

/** @returns {Promise<{width: number, height: number, sha256: string}>} what a viewer shows */
async function shown(msgs) {
  const failed = [];
  const screen = new Screen(greyImages, { onApplied: () => {}, onResync: (seq) => failed.push(seq) });
  screen.reset(1);
  for (const msg of msgs) {
    const { header, body } = parseHeader(msg);
    screen.push(header, body);
    for (let i = 0; i < 3; i++) await new Promise((done) => { setImmediate(done); });
  }
  assert.deepEqual(failed, []);
  return picture(screen.picture);
}

function picture({ width, height, pixels }) {
  const bytes = new Uint8Array(3 * width * height);
  pixels.forEach((p, i) => bytes.set([p & 255, p >> 8 & 255, p >> 16 & 255], 3 * i));
  return { width, height, sha256: createHash('sha256').update(bytes).digest('hex') };
}

for (const [name, run] of Object.entries(scripts)) {
  test(`stream of the browser: ${name}`, async () => {
    const v = new Script(640, 480);
    await run(v);
    const want = picture(v.scene);
    assert.deepEqual(await shown(v.msgs), want);
    const file = name.replace(/\W+/g, '-') + '.json';
    const vector = { name, messages: v.msgs.map(toHex), ...want };
    if (process.env.SHARE_UPDATE) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(new URL(file, folder), JSON.stringify(vector, null, 1) + '\n');
    }
    const committed = readVectors('browser/' + file);
    assert.deepEqual(await shown(committed.messages.map(fromHex)), { width: committed.width, height: committed.height, sha256: committed.sha256 });
    assert.deepEqual(committed, vector, 'the encoder says something else today: SHARE_UPDATE=1 writes it');
  });
}
