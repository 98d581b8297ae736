// When a sharing tab may encode, and how much: credit by the lead's acks, quality, refinement, and
// what viewers that catch up get. The twin of Go's internal/presenter/pace.go. Times in ms. Pure.
import { Flow, notAfter } from './flow.js';

const FRAME = 33; // of the window: ceil(RTT/FRAME)+1 updates
const MAX_WINDOW = 16;
/** Between two updates: no screen shows more than 80 a second. */
export const MIN_INTERVAL = 12;
const STEP_DOWN = 300; // of the quality
const STEP_UP = 2000;
const REFINE = 48 << 10; // bytes of refinement of an update, and of a CatchUp, at most
// While the screen moves, refinement goes at this rate: what was exact may move a moment later.
const MOVING_RATE = 96; // bytes a ms, or a MOVING_SHARE-th of the link if that is less
const MOVING_SHARE = 8;
const MOVING_LEAST = 3 << 10; // bytes worth an update: about a tile
const MOVING_MOST = 8 << 10; // that may be saved up
const CATCH_UP_WINDOW = 2; // CatchUp messages on their way to the slowest viewer
const CATCH_UP_WAIT = 2000; // for a viewer's next ack before it counts no more
const KEY_WAIT = 10_000; // for the first
const SLOW = 200; // later than the quickest: messages are halved
const QUICK = 80; // not later: they grow
const CATCH_UP_LEAST = 2 << 10;
const KEY_TIME = 1000; // that a keyframe may take on a link that is known
const KEY_LEAST = 16 << 10;
const LOST_AFTER = 5000;
/** JPEG qualities, best first. */
export const QUALITIES = [75, 60, 45, 30];

/** @typedef {import('./flow.js').Sent} Sent */

export class Pace {
  lead = 0;
  flow = new Flow();
  /** Bytes of a CatchUp message. */
  budget = REFINE;
  #last = -Infinity; // when the last update was sent
  #quality = 0;
  #step = -Infinity; // of the last change of quality, or of the last late ack at the worst
  #squeezed = -1; // since when not all fits into an update; -1: it does
  #tokens = 0; // bytes of refinement saved up while the screen moves
  #tokensAt = 0;
  #part = 0;
  #key = 0; // the newest keyframe among the parts
  /** @type {Sent[]} the newest parts */
  #parts = [];
  /** @type {Map<number, {part: number, at: number, quick: number}>} viewers that catch up */
  #catching = new Map();
  /** @type {Set<number>} viewers that have acked something */
  #heard = new Set();

  get quality() {
    return QUALITIES[this.#quality];
  }

  /**
   * Changes whose acks count. What was sent before counts as acked, but for a keyframe that the
   * new lead still waits for.
   * @param {number} viewer 0: none
   * @param {number} now
   */
  setLead(viewer, now) {
    if (viewer === this.lead) return;
    this.lead = viewer;
    this.flow = new Flow();
    const newest = this.#parts.at(-1);
    if (viewer !== 0 && newest && !this.#heard.has(viewer) && now - newest.at < LOST_AFTER) this.flow.add(newest);
  }

  /**
   * @param {{viewer: number, seq: number, part: number, catching: boolean, took: number}} ack took: ms
   * @param {number} now
   */
  ack({ viewer, seq, part, catching, took }, now) {
    this.#heard.add(viewer);
    if (catching) this.#ackPart(viewer, part, now);
    else this.#catching.delete(viewer);
    if (viewer !== this.lead) return;
    const came = this.flow.acked(seq, part, took, now);
    if (came === 'none') return;
    const late = came === 'late' || this.#squeezed >= 0 && now - this.#squeezed > STEP_DOWN;
    if (late && this.#quality === QUALITIES.length - 1) {
      this.#step = now;
    } else if (late && now - this.#step > STEP_DOWN) {
      this.#quality++;
      this.#step = now;
    } else if (!late && this.#quality > 0 && now - this.#step > STEP_UP) {
      this.#quality--;
      this.#step = now;
    }
  }

  /** Sizes CatchUp messages by how late they arrive. @param {number} viewer @param {number} part @param {number} now */
  #ackPart(viewer, part, now) {
    const c = this.#catching.get(viewer) ?? { part: -1, at: now, quick: 0 };
    const sent = c.part < 0 || !notAfter(part, c.part) ? this.#parts.find((u) => u.part === part) : undefined;
    c.part = part;
    c.at = now;
    this.#catching.set(viewer, c);
    if (!sent) return;
    const trip = now - sent.at;
    if (c.quick === 0 || trip < c.quick) c.quick = trip;
    if (trip > c.quick + SLOW) this.budget = Math.max(this.budget >> 1, CATCH_UP_LEAST);
    else if (trip < c.quick + QUICK) this.budget = Math.min(Math.floor(this.budget * 3 / 2), REFINE);
  }

  /**
   * Whether an update may be encoded now; if not, wait is when to look again, Infinity if only an
   * ack can bring credit.
   * @param {number} now
   * @returns {{ok: boolean, wait: number}}
   */
  credit(now) {
    if (this.lead === 0) return { ok: false, wait: Infinity };
    const gap = now - this.#last;
    if (gap < MIN_INTERVAL) return { ok: false, wait: MIN_INTERVAL - gap };
    const window = Math.min(Math.ceil(this.flow.rtt / FRAME) + 1, MAX_WINDOW);
    return { ok: this.flow.room(now) && this.flow.numbered < window, wait: Infinity };
  }

  /**
   * A numbered update was sent.
   * @param {number} seq
   * @param {number} bytes
   * @param {boolean} waiting not all fitted into it
   * @param {number} now
   */
  spend(seq, bytes, waiting, now) {
    this.flow.add({ seq, part: 0, bytes, at: now });
    this.#last = now;
    if (!waiting) this.#squeezed = -1;
    else if (this.#squeezed < 0) this.#squeezed = now;
  }

  /**
   * How many bytes of refinement an update may have; if 0, wait is when there will be some.
   * @param {boolean} moving
   * @param {number} now
   * @returns {{budget: number, wait: number}}
   */
  refinement(moving, now) {
    if (!moving) {
      this.#tokens = 0;
      this.#tokensAt = now;
      return { budget: REFINE, wait: 0 };
    }
    const rate = this.flow.rate > 0 ? Math.min(MOVING_RATE, this.flow.rate / MOVING_SHARE) : MOVING_RATE;
    this.#tokens = Math.min(this.#tokens + rate * (now - this.#tokensAt), MOVING_MOST);
    this.#tokensAt = now;
    if (this.#tokens < MOVING_LEAST) return { budget: 0, wait: (MOVING_LEAST - this.#tokens) / rate };
    return { budget: Math.floor(this.#tokens), wait: 0 };
  }

  /** @param {number} bytes of refinement that were sent */
  refined(bytes) {
    this.#tokens -= bytes;
  }

  /** How many bytes a keyframe may take; 0: as many as any. */
  keySize() {
    return this.flow.rate === 0 ? 0 : Math.max(Math.floor(this.flow.rate * KEY_TIME), KEY_LEAST);
  }

  /**
   * A keyframe was sent. It is not on the lead's way: the relay gives it to viewers without a
   * picture, and none of these leads before it has one.
   * @param {number} bytes
   * @param {number} now
   */
  spendKey(bytes, now) {
    this.#notePart(bytes, now);
    this.#key = this.#part;
  }

  /**
   * A CatchUp message was sent.
   * @param {number} bytes
   * @param {number} now
   */
  spendCatchUp(bytes, now) {
    const u = this.#notePart(bytes, now);
    if (this.#catching.has(this.lead)) this.flow.add(u); // it gets this one, too
  }

  /** @param {number} bytes @param {number} now */
  #notePart(bytes, now) {
    const u = { seq: 0, part: ++this.#part, bytes, at: now };
    this.#parts.push(u);
    if (this.#parts.length > 2 * CATCH_UP_WINDOW) this.#parts.shift();
    return u;
  }

  /**
   * Whether a CatchUp message may be sent. The slowest viewer that still acks decides; before the
   * first ack of a keyframe nothing is sent for a while.
   * @param {number} now
   * @returns {{ok: boolean, wait: number}}
   */
  catchUpCredit(now) {
    for (const [viewer, c] of this.#catching) if (now - c.at >= CATCH_UP_WAIT) this.#catching.delete(viewer);
    for (const c of this.#catching.values()) {
      if (this.#part - c.part >= CATCH_UP_WINDOW) return { ok: false, wait: CATCH_UP_WAIT - (now - c.at) };
    }
    const newest = this.#parts.at(-1);
    if (this.#catching.size === 0 && newest) {
      const since = now - newest.at;
      const patience = newest.part === this.#key ? KEY_WAIT : CATCH_UP_WAIT;
      if (since < patience) return { ok: false, wait: patience - since };
    }
    if (this.#catching.has(this.lead) && !this.flow.room(now)) return { ok: false, wait: Infinity }; // its own ack brings it
    return { ok: true, wait: 0 };
  }

  /** @param {number} viewer that is gone */
  forget(viewer) {
    this.#catching.delete(viewer);
    this.#heard.delete(viewer);
  }
}
