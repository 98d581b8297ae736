// A sharing tab's loop: newest frames in, updates out, as many as the lead's acks leave credit for.
// The twin of Go's internal/presenter sharing.go. Runs in a worker; what it needs of the browser is
// injected, so that node can run it, too. One encode at a time: everything that touches the
// encoder happens in pump.
import { Link } from '../shared/transport.js';
import { encodeControl, encodeCursor, Flag, Kind, message, parseAck, parseControl, parseHeader, parsePoint, WireError } from '../shared/wire.js';
import { Encoder } from './encoder.js';
import { MIN_INTERVAL, Pace } from './pace.js';
import { Party } from './party.js';
import { Pointers } from './pointers.js';

/** @typedef {import('../shared/wire.js').Control} Control */
/** @typedef {import('../shared/wire.js').Header} Header */
/** @typedef {import('./messages.js').FromWorker} FromWorker */
/** @typedef {import('./messages.js').ToWorker} ToWorker */
/** @typedef {import('./tiles.js').Pixels} Pixels */
/** @typedef {import('../shared/picture.js').Rect} Rect */
/**
 * Where pixels come from: frames.js in a browser.
 * @typedef {object} Source
 * @property {boolean} fresh there may be something new
 * @property {() => Promise<{picture: Pixels, damage: Rect[]} | null>} take it, and where it may have
 *   changed since the last call; not changed until the next one. Null: nothing is new
 * @property {string} way
 * @property {() => void} end
 */

const NO_CURSOR = encodeCursor({ hotX: 0, hotY: 0, w: 0, h: 0, rgba: new Uint8Array(0) });

export class Sharing {
  #party;
  #encoder;
  #pointers;
  #link;
  #pace = new Pace();
  /** @type {import('../shared/transport.js').LinkState} */
  #linked = { phase: 'joining' };
  #resume;
  #handover = '';
  #kept = ''; // what the page was told last
  #begin = false; // a new epoch: the encoder must hear of it
  #epoch = 0; // of the encoder
  #wantKey = false;
  #held = false; // some viewer holds the picture
  /** @type {Pixels | null} of the last take */
  #picture = null;
  #figures = { updates: 0, bytes: 0, frames: 0, read: 0, encode: 0, most: 0 };
  #stopped = false;
  #woken = false;
  /** @type {(() => void) | null} */
  #wake = null;

  /**
   * @param {import('./messages.js').Start} start
   * @param {Source} source
   * @param {(message: FromWorker) => void} post
   * @param {import('./keyframe.js').Jpegs} jpegs
   * @param {import('../shared/transport.js').Browser} env
   */
  constructor(start, source, post, jpegs, env) {
    this.source = source;
    this.post = post;
    this.env = env;
    this.#resume = start.kept?.resume ?? '';
    this.#party = new Party(start.consent, start.kept?.granted);
    this.#encoder = new Encoder(jpegs);
    this.#pointers = new Pointers((viewer, at) => this.post({ type: 'point', viewer, at }), env);
    this.#link = new Link({
      role: 'presenter',
      pin: start.pin,
      name: () => start.name,
      resume: () => this.#resume,
      onState: (state) => this.#onLink(state),
      onMessage: (msg) => this.#receive(msg),
    }, env);
    this.#link.start();
    this.run = this.#loop(); // settled when all is over
  }

  /** @param {ToWorker} msg from the page */
  take(msg) {
    switch (msg.type) {
      case 'answer':
        this.#tell(this.#party.answer(msg.viewer, msg.yes, this.env.now()));
        this.#show();
        break;
      case 'revoke':
        this.#tell(this.#party.revoke(msg.viewer));
        this.#show();
        break;
      case 'say':
        if (msg.control.type === 'chat' || msg.control.type === 'chat_log') this.#tell([msg.control]);
        break;
      case 'network':
        if (msg.online) this.#link.online();
        else this.#link.offline();
        break;
      case 'wake':
        this.#link.wake();
        break;
      case 'figures':
        this.post({ type: 'figures', figures: { ...this.#figures, way: this.source.way } });
        break;
      case 'stop':
        this.stop();
        break;
    }
    this.wake();
  }

  /** Something may be to do: also for a new frame. */
  wake() {
    this.#woken = true;
    this.#wake?.();
  }

  /** Says goodbye and ends for good. */
  stop() {
    if (this.#stopped) return;
    this.#stopped = true;
    // Who shares again after a Stop is asked anew: nobody may see what they were not let see.
    this.#tell([...this.#party.end(), { type: 'bye' }]);
    this.#show();
    this.#link.stop();
    this.source.end();
    this.wake();
  }

  /** @param {import('../shared/transport.js').LinkState} state */
  #onLink(state) {
    if (this.#linked.phase === 'open' && state.phase !== 'open') this.#party.offline(this.env.now());
    this.#linked = state;
    this.#show(); // before the end of the frames, so that the page hears why
    if (state.phase === 'over') {
      this.#stopped = true;
      this.source.end();
    }
    this.wake();
  }

  #show() {
    this.#pointers.keep((viewer) => this.#party.sees(viewer));
    const kept = { resume: this.#resume, granted: this.#party.granted };
    if (`${kept.resume} ${kept.granted}` !== this.#kept) {
      this.#kept = `${kept.resume} ${kept.granted}`;
      this.post({ type: 'keep', kept });
    }
    this.post({ type: 'page', page: { link: this.#linked, handover: this.#linked.phase === 'open' ? this.#handover : '', watched: this.#party.watched, ...this.#party.page() } });
  }

  /** @param {Control[]} controls */
  #tell(controls) {
    for (const c of controls) this.#link.send(message({ kind: Kind.Control, epoch: this.#party.epoch }, encodeControl(c)));
  }

  /** @param {Uint8Array} msg */
  #receive(msg) {
    try {
      const { header, body } = parseHeader(msg);
      switch (header.kind) {
        case Kind.NeedKey:
          this.#wantKey = true;
          break;
        case Kind.Ack:
          this.#ack(header, body);
          break;
        case Kind.Control:
          this.#control(parseControl(body), header.viewer);
          break;
        case Kind.Point: {
          const at = parsePoint(body);
          if (this.#party.sees(header.viewer) && (!at || at.layout === this.#encoder.layout)) this.#pointers.take(header.viewer, at);
          return;
        }
        default:
          return; // input above all: nobody controls a browser
      }
    } catch (err) {
      if (!(err instanceof WireError)) throw err; // a viewer's garbage must not end the sharing
    }
    this.wake();
  }

  /** @param {Header} header @param {Uint8Array} body */
  #ack(header, body) {
    if (header.epoch !== this.#epoch || header.stream !== 0 || header.seq > this.#encoder.seq) return;
    const { part, took } = parseAck(body);
    this.#pace.ack({ viewer: header.viewer, seq: header.seq, part, catching: (header.flags & Flag.CatchUp) !== 0, took: took / 10 }, this.env.now());
  }

  /** @param {Control} c @param {number} viewer */
  #control(c, viewer) {
    const now = this.env.now();
    switch (c.type) {
      case 'chat':
      case 'unsaid':
        this.post({ type: 'chat', control: c });
        return;
      case 'lead':
        if (!c.stream) this.#pace.setLead(c.viewer ?? 0, now);
        return;
      case 'welcome':
        if (c.resume) this.#resume = c.resume;
        this.#handover = c.handover ?? '';
        this.#begin = true;
        this.#wantKey = this.#held = false;
        this.#pace = new Pace();
        this.post({ type: 'chat', control: c });
        break;
      case 'state': {
        const here = new Set((c.viewers ?? []).filter((v) => v.online).map((v) => v.viewer));
        for (const p of this.#party.page().people) if (!here.has(p.viewer)) this.#pace.forget(p.viewer);
        break;
      }
    }
    this.#tell(this.#party.take(c, viewer, now));
    if (c.type === 'welcome') this.#link.send(message({ kind: Kind.Cursor, epoch: this.#party.epoch, seq: 1 }, NO_CURSOR)); // it is in the picture
    this.#show();
  }

  async #loop() {
    try {
      while (!this.#stopped) {
        this.#woken = false;
        const wait = await this.#pump();
        if (!this.#woken && !this.#stopped) await this.#sleep(wait);
      }
    } catch (err) {
      this.stop();
      this.post({ type: 'failed', problem: err instanceof Error ? err.message : String(err) });
    }
  }

  /** @param {number} wait ms, or until something happens */
  #sleep(wait) {
    return /** @type {Promise<void>} */ (new Promise((done) => {
      const timer = wait < Infinity ? this.env.setTimeout(() => this.#wake?.(), Math.max(1, wait)) : null;
      this.#wake = () => {
        if (timer !== null) this.env.clearTimeout(timer);
        this.#wake = null;
        done();
      };
    }));
  }

  /**
   * Sends what there is something of and credit for.
   * @returns {Promise<number>} ms in which there is nothing to do unless something happens
   */
  async #pump() {
    const party = this.#party;
    const encoder = this.#encoder;
    const { out, wait } = party.tick(this.env.now());
    if (out.length > 0) {
      this.#tell(out);
      this.#show();
    }
    if (this.#begin) {
      this.#begin = false;
      this.#epoch = party.epoch;
      encoder.begin(party.epoch);
    }
    if (this.#epoch === 0 || this.#linked.phase !== 'open') return wait;
    if (!party.watched) { // nothing is captured, and the next viewer gets a picture of its own time
      this.#held = false;
      encoder.dropCatchUp();
      return wait;
    }
    if (this.#wantKey && !await this.#key()) return wait; // a frame will wake us
    if (!this.#held) return wait;
    return Math.min(wait, await this.#updates());
  }

  /** Sends a keyframe. Returns false if there is no picture yet. */
  async #key() {
    const encoder = this.#encoder;
    if (!this.#held) {
      await this.#grab();
      if (!this.#picture) return false;
      encoder.sync(this.#picture);
      this.#held = true;
    }
    this.#wantKey = false;
    const pace = this.#pace;
    const msg = await encoder.keyframe({ captured: this.#clock(), quality: pace.quality, size: pace.keySize() });
    if (msg && this.#send(msg)) pace.spendKey(msg.length, this.env.now());
    return true;
  }

  /**
   * Sends an update and a CatchUp, each if it is due.
   * @returns {Promise<number>} ms until more may be due
   */
  async #updates() {
    const encoder = this.#encoder;
    const pace = this.#pace;
    let soonest = Infinity;
    const now = this.env.now();
    const { budget, wait: more } = pace.refinement(encoder.moving(this.#clock()), now);
    const { ok, wait: later } = pace.credit(now);
    if (ok) await this.#update(pace, budget);
    else if (this.source.fresh) soonest = later;
    if (this.#begin) return 0;
    const { catchUp, refine, quietIn } = encoder.pending(this.#clock());
    if (refine && (ok || later < Infinity)) {
      soonest = Math.min(soonest, Math.max(encoder.waiting ? quietIn : Math.max(quietIn, more), later < Infinity ? later : 0, MIN_INTERVAL));
    }
    if (!catchUp) return soonest;
    const credit = pace.catchUpCredit(this.env.now());
    if (!credit.ok) return Math.min(soonest, credit.wait);
    const msg = encoder.catchUp({ captured: this.#clock(), budget: pace.budget });
    if (msg && this.#send(msg)) pace.spendCatchUp(msg.length, this.env.now());
    return Math.min(soonest, MIN_INTERVAL);
  }

  /** @param {Pace} pace @param {number} budget */
  async #update(pace, budget) {
    const before = this.#picture;
    const { width, height } = before ?? { width: 0, height: 0 };
    const captured = this.#clock();
    const damage = await this.#grab();
    const picture = this.#picture;
    if (!picture) return;
    const resized = picture.width !== width || picture.height !== height; // it becomes a keyframe
    const began = this.env.now();
    const msg = await this.#encoder.update(picture, { captured, quality: pace.quality, budget, size: resized ? pace.keySize() : pace.flow.size() }, damage);
    const now = this.env.now();
    this.#figures.encode += now - began;
    this.#figures.most = Math.max(this.#figures.most, now - began);
    if (!msg || !this.#send(msg)) return;
    pace.spend(this.#encoder.seq, msg.length, this.#encoder.waiting, now);
    pace.refined(this.#encoder.refined);
  }

  /** Reads the newest pixels. Returns where they may have changed. */
  async #grab() {
    if (!this.source.fresh) return [];
    const began = this.env.now();
    const taken = await this.source.take();
    this.#figures.frames++;
    this.#figures.read += this.env.now() - began;
    if (!taken) return [];
    this.#picture = taken.picture;
    return taken.damage;
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} msg made while the encoder was of this epoch
   * @returns {boolean}
   */
  #send(msg) {
    // A new connection began meanwhile, or nobody may see it any more: the relay would drop it.
    if (this.#begin || !this.#party.watched || !this.#link.send(msg)) {
      this.#held = false;
      return false;
    }
    this.#figures.updates++;
    this.#figures.bytes += msg.length;
    return true;
  }

  /** The presenter's clock of the updates. */
  #clock() {
    return Math.floor(this.env.now()) >>> 0;
  }
}
