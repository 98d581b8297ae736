// The estimate of the lead's link: what the way to it carries and how long it is, from what it has
// acked, in the manner of BBR. The twin of Go's internal/presenter/flow.go, whose figures were
// measured; its comments tell more of the why. Times in ms, rates in bytes a ms. Pure.

const SIZE_TIME = 40; // of the link that one update may take
const QUEUE_TIME = 40; // that may wait before the next update
const LATENESS = 120; // beyond the least round trip: more waits somewhere than is meant to
const PERIOD = 5000; // the least round trip of this one and the one before counts
const LEAST_SPAN = 10; // of a measurement: an ack waits for the page's frame
const LEAST_BYTES = 2 << 10; // of the first: fewer say more of the round trip than of the rate
const CUT_AFTER = 400; // of late acks only: a lost packet makes some late, too
const CUT_ALWAYS = 1500; // of them, however little was on its way
const LOST_AFTER = 5000; // for what was sent to a viewer that may not have got it
const MIN_UPDATE = 1500; // bytes; less would be mostly heads
const PUSH_SIZE = 3; // times as large while the rate seems too low
const FIRST_MOST = 128 << 10; // bytes on their way while nothing is known
const FLIGHT_MOST = 256 << 10; // in any case
const SLOWEST = 8; // bytes a ms that a link must carry at least

/**
 * An update on its way: numbered, or one with a part.
 * @typedef {object} Sent
 * @property {number} seq
 * @property {number} part 0: numbered
 * @property {number} bytes
 * @property {number} at
 */
/** @typedef {{delivered: number, at: number}} Base how much had been delivered at a moment */
/**
 * @typedef {Sent & {base: Base, alone: boolean, full: boolean, brim: boolean, worst: number}} Flying
 *   full: it met so much on its way that a wrong rate may be why it is late; brim: and has to wait
 *   there if the rate is right; worst: ms that it may wait on a link that is just good enough
 */

/** @param {number} a @param {number} b whether the Uint32 a is b or one before it */
export const notAfter = (a, b) => (a - b | 0) <= 0;

export class Flow {
  rtt = 0; // 0: not known
  rate = 0; // 0: not known
  bytes = 0; // on their way
  /** @type {Flying[]} oldest first */
  #sent = [];
  #rttNow = 0; // least of the present period
  #period = -Infinity; // its begin
  #alone = false; // an update of it met no other one on its way
  #push = false; // the newest that met a full way did not wait there: the rate is too low
  #probe = false; // nothing goes until all has arrived: else only queues would be measured
  #best = 0; // largest measurement since timely
  #timely = 0; // newest ack that was not late, or cut
  #delivered = 0;
  /** @type {Base} of what is sent next */
  #base = { delivered: 0, at: 0 };

  /** @param {Sent} u */
  add(u) {
    const alone = this.#sent.length === 0;
    if (alone) { // the way is empty: nothing can come before
      this.#base = { delivered: this.#delivered, at: u.at + this.rtt };
      this.#probe = false;
    }
    this.bytes += u.bytes;
    this.#sent.push({
      ...u, alone, base: this.#base, full: 2 * this.bytes > this.#most(), worst: this.bytes / SLOWEST,
      brim: this.rate > 0 && this.bytes >= this.rate * (this.rtt + QUEUE_TIME / 2),
    });
  }

  /**
   * Frees what an ack covers, and measures.
   * @param {number} seq
   * @param {number} part
   * @param {number} took ms of decoding and painting
   * @param {number} now
   * @returns {'none' | 'late' | 'good'} none: nothing was freed
   */
  acked(seq, part, took, now) {
    let n = 0;
    this.#sent.forEach((u, i) => {
      if (u.part > 0 ? notAfter(u.part, part) : notAfter(u.seq, seq)) n = i + 1; // and all before it
    });
    if (n === 0) return 'none';
    const newest = this.#sent[n - 1];
    this.#drop(n);
    const trip = now - newest.at - took;
    if (trip <= 0) {
      this.#base = { delivered: this.#delivered, at: now };
      return 'good';
    }
    // All of it is of what was sent, if the round trip is right, and it may not be.
    const span = this.rtt === 0 ? trip : Math.max(now - newest.base.at, trip / 4);
    let way = trip;
    // Less what its own bytes took, were the rate twice what it seems.
    if (newest.alone && this.rate > 0) way -= Math.min(newest.bytes / (2 * this.rate), trip / 4);
    this.#measureTrip(way, newest.alone, now);
    const late = this.#measureRate(this.#delivered - newest.base.delivered, Math.max(span, LEAST_SPAN), trip, newest, now);
    if (trip - this.rtt >= QUEUE_TIME / 2) this.#push = false;
    else if (newest.brim) this.#push = true;
    this.#base = { delivered: this.#delivered, at: now };
    return late ? 'late' : 'good';
  }

  /** @param {number} n of the oldest, as delivered */
  #drop(n) {
    for (const u of this.#sent.splice(0, n)) {
      this.bytes -= u.bytes;
      this.#delivered += u.bytes;
    }
  }

  /** How many updates with a number are on their way. */
  get numbered() {
    return this.#sent.filter((u) => u.part === 0).length;
  }

  /** @param {number} trip @param {boolean} alone @param {number} now */
  #measureTrip(trip, alone, now) {
    if (now - this.#period > PERIOD) {
      if (this.#rttNow > 0) this.rtt = this.#rttNow;
      this.#probe = !this.#alone && this.rtt > 0;
      this.#rttNow = 0;
      this.#alone = false;
      this.#period = now;
    }
    this.#alone ||= alone;
    if (this.#rttNow === 0 || trip < this.#rttNow) this.#rttNow = trip;
    if (this.rtt === 0 || trip < this.rtt) this.rtt = trip;
  }

  /** @param {number} bytes @param {number} span @param {number} trip @param {Flying} newest @param {number} now */
  #measureRate(bytes, span, trip, newest, now) {
    const rate = bytes / span;
    // What is later than its bytes can explain waited for a busy page, or for others' bytes.
    const late = trip - this.rtt > LATENESS && trip - this.rtt <= newest.worst;
    if (!late || this.rate === 0) {
      this.#best = 0;
      this.#timely = now;
    }
    this.#best = Math.max(this.#best, rate);
    if (this.rate === 0) {
      if (bytes >= LEAST_BYTES) this.rate = rate;
    } else if (rate > this.rate) {
      this.rate += (rate - this.rate) / 2; // half: the page's frames make measurements uneven
    } else if (late && (newest.full && now - this.#timely > CUT_AFTER || now - this.#timely > CUT_ALWAYS)) {
      this.rate = Math.max(this.rate / 2, Math.min(this.#best, this.rate));
      this.#best = 0;
      this.#timely = now;
    }
    return late;
  }

  /**
   * Whether one more update may go now.
   * @param {number} now
   */
  room(now) {
    while (this.#sent.length > 0 && this.#sent[0].part > 0 && now - this.#sent[0].at > LOST_AFTER) this.#drop(1);
    return this.#probe ? this.#sent.length === 0 : this.bytes < this.#most();
  }

  /** How many bytes may be on their way before one more update. */
  #most() {
    if (this.rate === 0) return FIRST_MOST;
    const way = this.rtt + QUEUE_TIME + (this.#push ? this.rtt : 0);
    return Math.min(Math.max(this.rate * way, MIN_UPDATE), FLIGHT_MOST);
  }

  /** How many bytes one update may take. */
  size() {
    if (this.rate === 0) return FIRST_MOST; // with a new lead: its link may be slow
    return Math.floor(Math.max(this.rate * SIZE_TIME, MIN_UPDATE) * (this.#push ? PUSH_SIZE : 1));
  }
}
