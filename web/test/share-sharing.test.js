// The whole loop of a sharing tab over a made-up link, relay and clock: real encoder, pacing and
// rules, and the viewer's real decoder.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Sharing } from '../guest/sharing.js';
import { Close, encodeAck, encodeControl, encodePoint, Flag, Kind, message, parseControl, parseHeader, parseUpdate } from '../shared/wire.js';
import { Screen } from '../shared/screen.js';
import { FakeTime } from './hex.js';
import { greyImages, greyJpegs, random, Scene } from './sharescene.js';

const settle = () => new Promise((done) => { setImmediate(done); });

/** A link with a relay that has one viewer at its end. */
class World {
  time = new FakeTime();
  posted = [];
  said = []; // control messages of the presenter
  joins = [];
  socket = null;
  epoch = 0;
  grabs = 0;
  latencies = [];
  resyncs = 0;
  viewer = { online: true, view: false, state: 'needKey' };
  #free = 0; // when the way has carried all before

  /** @param {{rate?: number, delay?: number, consent?: string}} o rate: bytes a ms; delay: ms one way */
  constructor({ rate = 1000, delay = 10, consent = 'view' } = {}) {
    this.rate = rate;
    this.delay = delay;
    this.scene = new Scene(random(2), 400, 300);
    this.scene.text({ x: 0, y: 0, w: 400, h: 300 });
    this.fresh = true;
    this.screen = new Screen(greyImages, { onApplied: (a) => this.#applied(a), onResync: () => { this.resyncs++; } }, () => this.time.now);
    const world = this;
    const source = {
      get fresh() { return world.fresh; },
      async take() {
        world.grabs++;
        world.fresh = false;
        return { picture: world.scene, damage: [{ x: 0, y: 0, w: world.scene.width, h: world.scene.height }] };
      },
      way: 'test',
      end: () => { this.ended = true; },
    };
    const env = {
      origin: 'https://desk.example',
      fetch: async (url, init) => {
        this.joins.push(JSON.parse(init.body));
        return new Response(JSON.stringify({ ticket: 'T', relay_path: '/api/v1/relay' }), { status: 200 });
      },
      socket: () => {
        this.socket = { readyState: 0, send: (m) => this.#sent(m), close: () => { this.socket.readyState = 3; } };
        return this.socket;
      },
      setTimeout: this.time.setTimeout, clearTimeout: this.time.clear, now: () => this.time.now, random: () => 1,
    };
    this.sharing = new Sharing({ type: 'start', pin: '7W2-97-8570', name: 'G', kept: null, consent }, source, (m) => this.posted.push(m), greyJpegs, env);
  }

  async open(resumed = false) {
    while (!this.socket || this.socket.readyState !== 0) await this.run(1);
    this.epoch++;
    this.viewer.state = 'needKey';
    this.screen.reset(this.epoch);
    this.socket.readyState = 1;
    this.socket.onopen();
    this.control({ type: 'welcome', role: 'presenter', epoch: this.epoch, resume: 'R' + this.epoch, handover: 'H' + this.epoch, resumed });
    this.state();
  }

  /** Something comes from the relay, at once. */
  deliver(h, body) {
    const msg = message({ epoch: this.epoch, ...h }, body);
    this.socket.onmessage({ data: msg.buffer });
  }

  control(c, viewer = 0) {
    this.deliver({ kind: Kind.Control, viewer }, encodeControl(c));
  }

  state() {
    this.control({ type: 'state', epoch: this.epoch, viewers: [{ viewer: 1, name: 'T', online: this.viewer.online, view: this.viewer.view, attach: 1 }] });
  }

  needKey() {
    this.deliver({ kind: Kind.NeedKey });
  }

  #sent(msg) {
    const { header, body } = parseHeader(msg);
    if (header.kind === Kind.Control) {
      const c = parseControl(body);
      this.said.push(c);
      if (c.type !== 'grant') return;
      this.viewer.view = c.view ?? false;
      this.time.setTimeout(() => {
        this.state();
        if (!this.viewer.view) return;
        this.control({ type: 'lead', viewer: 1 });
        if (this.viewer.state === 'needKey') this.needKey();
      }, 1);
      return;
    }
    if (header.kind !== Kind.Update) return;
    assert.ok(this.viewer.view, 'an update, and nobody may see');
    const key = (header.flags & Flag.Key) !== 0;
    const done = (header.flags & Flag.Done) !== 0;
    const catchUp = (header.flags & Flag.CatchUp) !== 0;
    const { state } = this.viewer;
    if (catchUp && key ? state !== 'needKey' : catchUp ? state !== 'catchUp' : state === 'needKey') return;
    if (catchUp) this.viewer.state = done ? 'live' : 'catchUp';
    this.#free = Math.max(this.#free, this.time.now) + msg.length / this.rate;
    this.time.setTimeout(() => this.screen.push(header, body), this.#free + this.delay - this.time.now);
  }

  #applied(a) {
    this.latencies.push(this.time.now - a.captured);
    const flags = this.viewer.state === 'catchUp' ? Flag.CatchUp : 0;
    const body = encodeAck({ captured: a.captured, part: a.part, took: 0, hidden: false });
    const { epoch } = this;
    this.time.setTimeout(() => {
      if (epoch === this.epoch) this.deliver({ kind: Kind.Ack, viewer: 1, seq: a.seq, flags }, body);
    }, this.delay);
  }

  /** Lets ms go by. */
  async run(ms) {
    for (const end = this.time.now + ms; this.time.now < end;) {
      this.time.advance(Math.min(4, end - this.time.now));
      for (let i = 0; i < 4; i++) await settle();
    }
  }

  draw(f) {
    f(this.scene);
    this.fresh = true;
    this.sharing.wake();
  }

  same() {
    return this.screen.picture !== null && Buffer.compare(Buffer.from(this.screen.picture.pixels.buffer), Buffer.from(this.scene.pixels.buffer)) === 0;
  }

  get page() {
    return this.posted.findLast((m) => m.type === 'page').page;
  }
}

test('joins as the presenter, shows nothing before the grant, then all of it', async () => {
  const w = new World({ consent: 'ask' });
  await w.open();
  assert.deepEqual([w.joins[0].role, w.joins[0].name], ['presenter', 'G']);
  w.control({ type: 'ask' }, 1);
  w.needKey();
  await w.run(1000);
  assert.equal(w.grabs, 0);
  assert.equal(w.page.question.viewer, 1);
  w.sharing.take({ type: 'answer', viewer: 1, yes: true });
  await w.run(500);
  assert.ok(w.same());
  assert.equal(w.page.watched, true);
  assert.deepEqual(w.posted.findLast((m) => m.type === 'keep').kept, { resume: 'R1', granted: [1] });
  w.sharing.stop();
  await w.sharing.run;
  assert.equal(w.said.at(-1).type, 'bye');
  assert.ok(w.ended);
});

for (const [name, link, most] of [['fast', { rate: 5000, delay: 2 }, 80], ['1 Mbit/s', { rate: 125, delay: 25 }, 400], ['far', { rate: 1000, delay: 150 }, 500]]) {
  test(`a film and typing over a link that is ${name}: latency stays, and stillness is exact`, async () => {
    const w = new World(link);
    await w.open();
    w.control({ type: 'ask' }, 1);
    await w.run(3000);
    assert.ok(w.same());
    w.latencies = [];
    for (let i = 0; i < 120; i++) {
      w.draw((s) => {
        s.noise({ x: 200, y: 100, w: 160, h: 120 });
        if (i % 5 === 0) s.text({ x: 10 + i, y: 20, w: 8, h: 14 });
      });
      await w.run(33);
    }
    const sorted = w.latencies.toSorted((a, b) => a - b);
    assert.ok(sorted.length > 10, `${sorted.length} updates`);
    const high = sorted[Math.floor(sorted.length * 0.95)];
    assert.ok(high < most, `95 % within ${high} ms, of ${sorted.length}`);
    await w.run(6000);
    assert.ok(w.same(), 'not exact when still');
    assert.equal(w.resyncs, 0);
    w.sharing.stop();
    await w.sharing.run;
  });
}

test('revoked: nothing more is captured, and the next grant shows its own time', async () => {
  const w = new World();
  await w.open();
  w.control({ type: 'ask' }, 1);
  await w.run(300);
  w.sharing.take({ type: 'revoke', viewer: 1 });
  w.viewer.state = 'needKey';
  await w.run(100);
  const { grabs } = w;
  w.draw((s) => s.fill({ x: 0, y: 0, w: 50, h: 50 }));
  await w.run(1000);
  assert.equal(w.grabs, grabs);
  w.control({ type: 'ask' }, 1);
  await w.run(500);
  assert.ok(w.same());
  w.sharing.stop();
  await w.sharing.run;
});

test('a drop: the same party comes back, grants are named, the picture begins anew', async () => {
  const w = new World();
  await w.open();
  w.control({ type: 'ask' }, 1);
  await w.run(300);
  w.socket.readyState = 3;
  w.socket.onclose({ code: 1006 });
  w.draw((s) => s.noise({ x: 30, y: 30, w: 200, h: 100 }));
  await w.open(true);
  assert.equal(w.joins[1].resume, 'R1');
  await w.run(3000);
  assert.ok(w.same());
  w.socket.readyState = 3;
  assert.equal(w.page.handover, 'H2');
  w.socket.onclose({ code: Close.Moved }); // the guest's program goes on
  await w.sharing.run;
  assert.deepEqual([w.page.link, w.page.handover], [{ phase: 'over', code: Close.Moved }, '']);
  assert.deepEqual(w.posted.findLast((m) => m.type === 'keep').kept, { resume: 'R2', granted: [1] }); // to come back with
  assert.ok(w.ended);
});

test('points of those that see are shown, of the present layout; garbage harms nothing', async () => {
  const w = new World();
  await w.open();
  const point = (layout) => w.deliver({ kind: 20, viewer: 1 }, encodePoint(layout === null ? null : { layout, x: 5, y: 6 }));
  point(1);
  w.control({ type: 'ask' }, 1);
  await w.run(300);
  point(1);
  point(2);
  point(null);
  w.deliver({ kind: 20, viewer: 1 }, new Uint8Array(3));
  w.deliver({ kind: Kind.Control }, new Uint8Array(3));
  w.deliver({ kind: Kind.Ack, viewer: 1 }, new Uint8Array(3));
  w.deliver({ kind: Kind.Input, viewer: 1 }, new Uint8Array(3));
  const points = () => w.posted.filter((m) => m.type === 'point');
  assert.deepEqual(points(), [{ type: 'point', viewer: 1, at: { layout: 1, x: 5, y: 6 } }, { type: 'point', viewer: 1, at: null }]);
  point(null); // told once
  assert.equal(points().length, 2);
  point(1);
  await w.run(2000);
  point(1);
  await w.run(2900);
  assert.equal(points().length, 4);
  await w.run(200); // silent for 3 s
  assert.equal(points().length, 5);
  assert.equal(points().at(-1).at, null);
  w.draw((s) => s.fill({ x: 0, y: 0, w: 50, h: 50 }));
  await w.run(300);
  assert.ok(w.same());
  point(1);
  w.sharing.take({ type: 'revoke', viewer: 1 }); // at once
  assert.equal(points().length, 7);
  assert.equal(points().at(-1).at, null);
  point(1);
  assert.equal(points().length, 7);
  w.sharing.stop();
  await w.sharing.run;
});

test('a picture that cannot be read ends it, and is told', async () => {
  const w = new World();
  w.sharing.source.take = async () => { throw new Error('gone'); };
  await w.open();
  w.control({ type: 'ask' }, 1);
  await w.run(300);
  await w.sharing.run;
  assert.deepEqual(w.posted.find((m) => m.type === 'failed'), { type: 'failed', problem: 'gone' });
  assert.ok(w.ended);
});

test('updates say what they are', async () => {
  const w = new World();
  await w.open();
  const heads = [];
  const push = w.screen.push.bind(w.screen);
  w.screen.push = (header, body) => {
    heads.push(parseUpdate(body).head);
    push(header, body);
  };
  w.control({ type: 'ask' }, 1);
  await w.run(300);
  assert.ok(heads.length > 0 && heads.every((h) => h.width === 400 && h.height === 300 && h.layout === 1));
  w.sharing.stop();
  await w.sharing.run;
});
