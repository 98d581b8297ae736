// The encoder of a sharing tab: whatever happens on the screen and to the viewers, what it calls
// exact is exact, by the viewer's own decoder.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Encoder } from '../guest/encoder.js';
import { Flag, parseHeader, parseUpdate } from '../shared/wire.js';
import { Screen } from '../shared/screen.js';
import { greyImages, greyJpegs, random, Scene } from './sharescene.js';

const MAX_KEY = 128 << 10;
const settle = () => new Promise((done) => { setImmediate(done); });

/** A viewer, with the relay's state and queue for it. */
class Watcher {
  state = 'noGrant';
  queue = [];
  epoch = 1;
  exact = false; // what the last message that it applied promised it

  constructor() {
    this.resyncs = 0;
    this.screen = new Screen(greyImages, { onApplied: () => {}, onResync: () => { this.resyncs++; } });
    this.screen.reset(1);
  }

  /** Takes a message of its queue. */
  async next() {
    const { msg, live } = this.queue.shift();
    const { header, body } = parseHeader(msg);
    this.screen.push(header, body);
    for (let i = 0; i < 3; i++) await settle(); // images
    assert.equal(this.resyncs, 0, 'the viewer asked for a key');
    assert.equal(this.screen.seq, header.seq, 'the update was not applied');
    this.exact = live && (header.flags & Flag.Exact) !== 0;
  }
}

/** Presenter, relay and viewers in one. */
class World {
  clock = 2 ** 32 - 500; // wraps soon
  drawn = true; // since the last look
  seen = { copies: 0, keys: 0, resizes: 0, catchUps: 0, lossy: 0, exact: 0 };

  constructor(seed) {
    this.rnd = random(seed);
    this.scene = this.newScene();
    this.encoder = new Encoder(greyJpegs);
    this.encoder.begin(1);
    if (this.rnd(3) === 0) Object.assign(this.encoder.limits, { raw: 3000, blobs: 3000, rebuilt: 4000, ops: 40 }); // updates must be split
    this.watchers = Array.from({ length: 2 + this.rnd(3) }, () => new Watcher());
  }

  newScene() {
    const side = () => (this.rnd(4) === 0 ? 280 + this.rnd(300) : 1 + this.rnd(200));
    const scene = new Scene(this.rnd, side(), side());
    for (let i = 0; i < 6; i++) scene.change();
    return scene;
  }

  get now() {
    return this.clock % 2 ** 32;
  }

  params(budget) {
    return { captured: this.now, input: 3, quality: 30 + this.rnd(60), budget, size: this.rnd(3) === 0 ? 300 + this.rnd(8000) : 0 };
  }

  held() {
    return this.watchers.some((w) => w.state === 'catchUp' || w.state === 'live');
  }

  async update(budget) {
    if (!this.held()) return false;
    const before = this.encoder.seq;
    const msg = await this.encoder.update(this.scene, this.params(budget), this.drawn ? undefined : []);
    this.drawn = false;
    if (!msg) {
      assert.equal(this.encoder.seq, before);
      return false;
    }
    const { header, body } = parseHeader(msg);
    const { head } = parseUpdate(body);
    assert.equal(header.seq, before + 1);
    assert.equal(head.layout, this.encoder.layout);
    const key = (header.flags & Flag.Key) !== 0;
    if (key) {
      this.seen.resizes++;
      assert.ok(msg.length <= MAX_KEY);
    }
    if ((header.flags & Flag.Exact) === 0) this.seen.lossy++;
    for (const w of this.watchers) {
      if (key && w.state !== 'noGrant') {
        w.queue = [];
        w.state = 'live';
      }
      if (w.state === 'live' || w.state === 'catchUp') w.queue.push({ msg, live: w.state === 'live' });
    }
    return true;
  }

  async key() {
    if (!this.held()) {
      this.encoder.sync(this.scene);
      this.drawn = false;
    }
    const msg = await this.encoder.keyframe(this.params(0));
    const { header } = parseHeader(msg);
    this.seen.keys++;
    assert.ok(msg.length <= MAX_KEY);
    assert.equal(header.seq, this.encoder.seq);
    const done = (header.flags & Flag.Done) !== 0;
    for (const w of this.watchers) {
      if (w.state !== 'needKey') continue;
      w.queue = [{ msg, live: done }];
      w.state = done ? 'live' : 'catchUp';
    }
  }

  catchUp() {
    const msg = this.encoder.catchUp({ captured: this.now, budget: 500 + this.rnd(9000) });
    if (!msg) return;
    this.seen.catchUps++;
    const done = (parseHeader(msg).header.flags & Flag.Done) !== 0;
    for (const w of this.watchers) {
      if (w.state !== 'catchUp') continue;
      w.queue.push({ msg, live: done });
      if (done) w.state = 'live';
    }
  }

  /** One thing happens. */
  async step() {
    const { rnd } = this;
    this.clock += rnd(60);
    switch (rnd(12)) {
      case 0: {
        const w = this.watchers[rnd(this.watchers.length)];
        if (w.state === 'noGrant') w.state = 'needKey'; // comes, maybe late
        else if (rnd(3) === 0) { // lags: loses its queue
          w.queue = [];
          w.state = 'needKey';
        }
        break;
      }
      case 1:
        if (rnd(6) === 0) {
          this.scene = this.newScene();
          this.drawn = true;
        }
        break;
      case 2:
      case 3:
        if (this.watchers.some((w) => w.state === 'needKey')) await this.key();
        break;
      case 4:
        this.catchUp();
        break;
      case 5:
        if (rnd(5) === 0 && !this.watchers.some((w) => w.state === 'catchUp')) this.encoder.dropCatchUp();
        break;
      case 6:
        await this.update(4000);
        break;
      default:
        for (let n = rnd(3); n >= 0; n--) this.scene.change();
        this.drawn = true;
        await this.update(rnd(2) * 4000);
    }
    await this.deliver(rnd(3));
  }

  /** Viewers take what is on its way to them; n = 0: only some do. */
  async deliver(n) {
    for (const w of this.watchers) {
      if (n === 0 && this.rnd(2) === 0) continue;
      while (w.queue.length > 0) {
        await w.next();
        if (w.queue.length > 0 || !w.exact || this.drawn) continue;
        // It holds all there is, and was told that this is exact.
        this.same(w);
      }
    }
  }

  same(w) {
    const { picture } = w.screen;
    assert.equal(`${picture.width}x${picture.height}`, `${this.scene.width}x${this.scene.height}`);
    assert.equal(Buffer.compare(Buffer.from(picture.pixels.buffer), Buffer.from(this.scene.pixels.buffer)), 0, 'called exact, and is not');
    this.seen.exact++;
  }

  /** Nothing happens any more: everybody becomes exact. */
  async stillness() {
    for (const w of this.watchers) if (w.state === 'noGrant') w.state = 'needKey';
    for (let i = 0; i < 2000; i++) {
      this.clock += 20;
      if (this.watchers.some((w) => w.state === 'needKey')) await this.key();
      const sent = await this.update(4000);
      this.catchUp();
      await this.deliver(1);
      const { catchUp, refine } = this.encoder.pending(this.now);
      if (!sent && !catchUp && !refine) break;
    }
    for (const w of this.watchers) {
      assert.equal(w.state, 'live');
      this.same(w);
    }
  }
}

test('what is called exact is exact, for everybody, and all becomes exact', async () => {
  const total = {};
  const one = Number(process.env.SHARE_SEED ?? 0);
  const end = Date.now() + Number(process.env.SHARE_MS ?? 6000);
  let seed = one || 1;
  for (; Date.now() < end || seed <= 8; seed++) {
    const world = new World(seed);
    try {
      for (let i = 0; i < 80; i++) await world.step();
      await world.stillness();
    } catch (err) {
      err.message += ` (SHARE_SEED=${seed})`;
      throw err;
    }
    for (const [k, v] of Object.entries(world.seen)) total[k] = (total[k] ?? 0) + v;
    if (one) break;
  }
  for (const k of ['keys', 'resizes', 'catchUps', 'lossy', 'exact']) assert.ok(one || total[k] > 3, `${k}: ${total[k]} in ${seed} worlds proves nothing`);
});
