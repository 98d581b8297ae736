// The figures behind the overlay of statistics. Pure: what happens goes in, a snapshot comes out;
// the clock is injected. It gathers always, in counters and rings of fixed size, and allocates
// only in snapshot, so that what came before the overlay was opened is in it as well.
//
// All times end when the pixels were given to the canvas; the browser shows them with its next frame.
import { Flag, OpCode } from '../shared/wire.js';

/** @typedef {import('../shared/screen.js').Update} Update */

export const INPUT_LIMIT = 2000; // ms; an input without an update for so long changed nothing
const WINDOW = 1000; // ms that rates look back over, at least
const PINGS = 16; // that may be on their way

/** The kinds of received bytes, in the order of the counters below. */
export const KINDS = /** @type {const} */ (['fill', 'copy', 'palette', 'delta', 'jpeg', 'key', 'other']);
/** @typedef {typeof KINDS[number]} ByteKind */
/** @typedef {Record<ByteKind | 'total', number>} Bytes */

// Places in the counters; the ops' are OpCode - 1.
const KEY = 5;
const RECEIVED = 6;
const PAINTED = 7;
const COUNTERS = 8;

/** @typedef {{newest: number | null, median: number | null, count: number}} Times in ms; count: how many are in it */

/**
 * Figures at one moment; null is what is not known yet.
 * @typedef {object} Snapshot
 * @property {number | null} fps updates painted, per second
 * @property {number} updates painted since the page was opened
 * @property {Bytes | null} rate received, in bytes/s. 'key' are keyframes and what else lets this
 *   viewer catch up, 'other' is all that is not an op: headers, pointer, control messages
 * @property {Bytes} bytes received since the page was opened
 * @property {number | null} work ms to decode and paint an update, median of the last 100
 * @property {number | null} rtt ms to the relay and back, median of the last 10
 * @property {number | null} queue bytes that the relay has on their way to this viewer
 * @property {Times} clickToPixel of keys and buttons pressed, from the event in the page to the
 *   first update that was captured after they were injected; the last 20
 * @property {Times} timeToSharp from the last change to the picture exact everywhere; the last 20
 * @property {boolean | null} sharp the picture on the canvas is exact on every pixel
 */

/** @param {import('../shared/wire.js').Op} op */
const isCopy = (op) => op.code === OpCode.Copy;

/** The last values of something. */
export class Ring {
  #values;
  #next = 0;
  count = 0;

  /** @param {number} size */
  constructor(size) {
    this.#values = new Float64Array(size);
  }

  /** @param {number} value */
  push(value) {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#values.length;
    if (this.count < this.#values.length) this.count++;
  }

  get newest() {
    return this.count === 0 ? null : this.#values.at(this.#next - 1) ?? null;
  }

  /** The middle one, or the mean of the two in the middle. */
  get median() {
    if (this.count === 0) return null;
    const sorted = this.#values.slice(0, this.count).sort();
    const half = this.count >> 1;
    return this.count % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  clear() {
    this.count = this.#next = 0;
  }

  /** @returns {Times} */
  times() {
    return { newest: this.newest, median: this.median, count: this.count };
  }
}

export class Stats {
  #counters = new Float64Array(COUNTERS);
  #raw = new Float64Array(KEY); // of one update: bytes of its op block by op
  /** @type {{at: number, counters: Float64Array}[]} what rates are measured from, oldest first */
  #samples = [];

  // Applied and not painted yet:
  #waiting = 0;
  #waitingWork = 0;
  #waitingBlur = false;

  #work = new Ring(100);
  #rtt = new Ring(10);
  #clickToPixel = new Ring(20);
  #timeToSharp = new Ring(20);

  #catchingUp = true;
  #exact = false; // after all that was applied
  /** @type {boolean | null} after all that was painted */
  #sharp = null;
  #blurred = NaN; // when the last change was painted of those that are not exact yet

  // Presses on their way, a ring: their numbers and the times of their events.
  #pressSeq = new Float64Array(64);
  #pressAt = new Float64Array(64);
  #pressFirst = 0;
  #presses = 0;
  #sent = 0; // newest of these numbers
  #input = 0; // newest input that an applied update shows

  #stamp = 0;
  #pingAt = new Float64Array(PINGS).fill(NaN);
  /** @type {number | null} */
  #queue = null;

  /** @param {() => number} [now] ms, on the clock of the events' time stamps */
  constructor(now = () => performance.now()) {
    this.now = now;
  }

  /**
   * A message came.
   * @param {number} bytes its length, header included
   */
  received(bytes) {
    this.#counters[RECEIVED] += bytes;
  }

  /**
   * The message that came is an update. zstd mixes what it packs, so an op's share of the packed
   * bytes is taken to be its share of the unpacked ones; JPEGs are not packed, and exact.
   * @param {Update} update
   */
  parsed({ flags, ops, packed, blobs }) {
    if ((flags & (Flag.Key | Flag.CatchUp)) !== 0) {
      this.#counters[KEY] += packed + blobs;
      return;
    }
    const raw = this.#raw.fill(0);
    let at = 0;
    for (const op of ops) {
      raw[op.code - 1] += op.end - at;
      at = op.end;
    }
    if (at > 0) for (let i = 0; i < KEY; i++) this.#counters[i] += packed * raw[i] / at;
    this.#counters[OpCode.JPEG - 1] += blobs;
  }

  /**
   * The update was applied.
   * @param {Update} update
   * @param {number} took ms from its arrival until then
   */
  applied({ flags, input, ops, blobs }, took) {
    const key = (flags & Flag.Key) !== 0;
    if ((flags & Flag.Done) !== 0) this.#catchingUp = false;
    else if (key) this.#catchingUp = (flags & Flag.CatchUp) !== 0;
    this.#exact = (flags & Flag.Exact) !== 0 && !this.#catchingUp;
    // More than was sent is of an earlier socket, whose numbers were others.
    if (input <= this.#sent) this.#input = Math.max(this.#input, input);
    this.#waiting++;
    this.#waitingWork += took;
    this.#waitingBlur ||= key || blobs > 0 || ops.some(isCopy);
  }

  /**
   * What was applied is on the canvas.
   * @param {number} took ms of painting
   */
  painted(took) {
    if (this.#waiting === 0) return;
    const now = this.now();
    this.#counters[PAINTED] += this.#waiting;
    this.#work.push((this.#waitingWork + took) / this.#waiting);
    for (; this.#presses > 0 && this.#pressSeq[this.#pressFirst] <= this.#input; this.#dropPress()) {
      const ms = now - this.#pressAt[this.#pressFirst];
      if (ms <= INPUT_LIMIT) this.#clickToPixel.push(ms);
    }
    // Refinement has neither JPEGs nor copies: what has them is a change. Others of a picture
    // that is not exact may be either; only the first of them must be a change.
    if (!this.#exact) {
      if (this.#waitingBlur || Number.isNaN(this.#blurred)) this.#blurred = now;
    } else if (!Number.isNaN(this.#blurred)) {
      this.#timeToSharp.push(now - this.#blurred);
      this.#blurred = NaN;
    }
    this.#sharp = this.#exact;
    this.#forgetWaiting();
  }

  /**
   * An input message was sent.
   * @param {number} seq its number
   * @param {number} at when its event was, if it presses something; else 0
   */
  input(seq, at) {
    this.#sent = seq;
    if (at === 0) return;
    const now = this.now();
    // What never came back makes room.
    while (this.#presses > 0 && now - this.#pressAt[this.#pressFirst] > INPUT_LIMIT) this.#dropPress();
    if (this.#presses === this.#pressSeq.length) this.#dropPress();
    const place = (this.#pressFirst + this.#presses++) % this.#pressSeq.length;
    this.#pressSeq[place] = seq;
    this.#pressAt[place] = at <= now && now - at <= INPUT_LIMIT ? at : now; // some clocks of events are others
  }

  #dropPress() {
    this.#pressFirst = (this.#pressFirst + 1) % this.#pressSeq.length;
    this.#presses--;
  }

  /** @returns {number} the stamp of a ping that is being sent now */
  ping() {
    this.#stamp = this.#stamp + 1 >>> 0;
    this.#pingAt[this.#stamp % PINGS] = this.now();
    return this.#stamp;
  }

  /**
   * @param {number} stamp
   * @param {number} queue bytes
   */
  pong(stamp, queue) {
    const age = this.#stamp - stamp;
    const at = this.#pingAt[stamp % PINGS];
    if (age < 0 || age >= PINGS || Number.isNaN(at)) return; // too late, another's or a second one
    this.#pingAt[stamp % PINGS] = NaN;
    this.#rtt.push(this.now() - at);
    this.#queue = queue;
  }

  /** The stream begins anew: a key comes first. Inputs count on from 1 if the socket is another. */
  restart() {
    this.pause();
    this.#catchingUp = true;
    this.#exact = false;
    this.#sharp = null;
  }

  /** Another socket: nothing that was on its way in the old one arrives. */
  reconnect() {
    this.restart();
    this.#sent = 0;
    this.#rtt.clear();
    this.#pingAt.fill(NaN);
    this.#queue = null;
  }

  /** The page is hidden: it does not paint, so whatever is being timed would be too long. */
  pause() {
    this.#forgetWaiting();
    this.#presses = 0;
    this.#input = 0;
    this.#blurred = NaN;
  }

  #forgetWaiting() {
    this.#waiting = this.#waitingWork = 0;
    this.#waitingBlur = false;
  }

  /** Rates are measured from now on: the overlay was just opened. */
  open() {
    this.#samples = [this.#sample()];
  }

  #sample() {
    return { at: this.now(), counters: this.#counters.slice() };
  }

  /**
   * The figures now. Rates are over the last second, or since open or the call before that.
   * @returns {Snapshot}
   */
  snapshot() {
    const last = this.#sample();
    const samples = this.#samples;
    samples.push(last);
    while (samples.length > 2 && last.at - samples[1].at >= WINDOW) samples.shift();
    const [first] = samples;
    const seconds = (last.at - first.at) / 1000;
    const passed = seconds > 0 ? last.counters.map((n, i) => (n - first.counters[i]) / seconds) : null;
    return {
      fps: passed ? passed[PAINTED] : null,
      updates: last.counters[PAINTED],
      rate: passed ? bytes(passed) : null,
      bytes: bytes(last.counters),
      work: this.#work.median,
      rtt: this.#rtt.median,
      queue: this.#queue,
      clickToPixel: this.#clickToPixel.times(),
      timeToSharp: this.#timeToSharp.times(),
      sharp: this.#sharp,
    };
  }
}

/**
 * @param {Float64Array} counters
 * @returns {Bytes}
 */
function bytes(counters) {
  const total = counters[RECEIVED];
  const ops = counters.subarray(0, RECEIVED);
  const [fill, copy, palette, delta, jpeg, key] = ops;
  const other = Math.max(0, total - ops.reduce((sum, n) => sum + n, 0)); // not -1e-12
  return { total, fill, copy, palette, delta, jpeg, key, other };
}
