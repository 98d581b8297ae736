// Which bytes of a file go when, and which are taken: the twins of Go's internal/transfer/sender.go.
// Times are in ms. Pure.

const LEAST_TIMEOUT = 1000;
const MOST_TIMEOUT = 10_000;
const MAX_TIMEOUTS = 8; // in a row: about a minute

export class Sender {
  #size;
  #win;
  #acked = 0;
  #next = 0;
  /** @type {{end: number, at: number, flight: number}[]} on their way, oldest first */
  #sent = [];
  #moving = false;
  #heard = 0;
  #timeout = LEAST_TIMEOUT;
  #missed = 0;
  #rewound = 0;

  /**
   * @param {number} size
   * @param {import('./filewindow.js').Window} win
   */
  constructor(size, win) {
    this.#size = size;
    this.#win = win;
  }

  /**
   * Starts, or goes on, at what the other side has.
   * @param {number} offset
   * @param {number} now
   */
  begin(offset, now) {
    this.#acked = this.#next = offset;
    this.#sent = [];
    this.#moving = true;
    this.#heard = this.#rewound = now;
    this.#timeout = LEAST_TIMEOUT;
    this.#missed = 0;
  }

  /** Stops until begin. */
  pause() {
    this.#moving = false;
    this.#sent = [];
  }

  get moving() {
    return this.#moving;
  }

  /** How much has arrived. */
  get at() {
    return this.#acked;
  }

  get done() {
    return this.#moving && this.#acked === this.#size;
  }

  /** The other side has been silent for too long. */
  get lost() {
    return this.#missed >= MAX_TIMEOUTS;
  }

  /**
   * What may go now.
   * @param {number} most
   * @returns {{offset: number, n: number}} n is 0 if nothing may
   */
  next(most) {
    const nothing = { offset: this.#next, n: 0 };
    if (!this.#moving || this.#next >= this.#size) return nothing;
    const n = Math.min(this.#win.chunk(most), this.#size - this.#next);
    const flight = this.#next - this.#acked;
    const room = this.#win.room(flight);
    return room <= 0 || (flight > 0 && room < n) ? nothing : { offset: this.#next, n };
  }

  /**
   * What next gave is on its way.
   * @param {number} n
   * @param {number} now
   */
  sent(n, now) {
    if (this.#sent.length === 0) this.#heard = now;
    this.#next += n;
    this.#sent.push({ end: this.#next, at: now, flight: this.#next - this.#acked });
  }

  /**
   * All before offset has arrived; again: something behind it was lost.
   * @param {number} offset
   * @param {boolean} again
   * @param {number} now
   */
  acked(offset, again, now) {
    if (!this.#moving || offset > this.#next || offset < this.#acked) return;
    const bytes = offset - this.#acked;
    let n = 0;
    while (n < this.#sent.length && this.#sent[n].end <= offset) n++;
    if (n > 0) {
      const newest = this.#sent[n - 1];
      this.#win.acked(bytes, newest.flight, now - newest.at, now);
      this.#sent.splice(0, n);
    }
    if (bytes > 0) {
      this.#acked = offset;
      this.#heard = now;
      this.#timeout = LEAST_TIMEOUT;
      this.#missed = 0;
    }
    if (again && this.#sent.length > 0 && now - this.#rewound > this.#win.rtt) {
      this.#win.lost(now);
      this.#rewind(now);
    }
  }

  /** @param {number} now */
  #rewind(now) {
    this.#next = this.#acked;
    this.#sent = [];
    this.#rewound = now;
  }

  /**
   * Goes back to the newest ack if none came for long.
   * @param {number} now
   * @returns {number} when to look again; 0: not before something is sent
   */
  expire(now) {
    if (!this.#moving || this.#sent.length === 0) return 0;
    const limit = Math.max(this.#timeout, 4 * this.#win.rtt);
    const left = limit - (now - this.#heard);
    if (left > 0) return left;
    this.#timeout = Math.min(2 * limit, MOST_TIMEOUT);
    this.#win.lost(now);
    this.#rewind(now);
    this.#heard = now;
    this.#missed++;
    return 0;
  }
}

export class Receiver {
  #size;
  at = 0; // how much was taken

  /** @param {number} size */
  constructor(size) {
    this.#size = size;
  }

  get done() {
    return this.at === this.#size;
  }

  /**
   * Whether n bytes from offset are those that come next; again: something before them is missing.
   * @param {number} offset
   * @param {number} n
   */
  take(offset, n) {
    if (n <= 0 || offset < this.at || offset > this.#size - n) return { take: false, again: false };
    if (offset > this.at) return { take: false, again: true };
    this.at += n;
    return { take: true, again: false };
  }
}
