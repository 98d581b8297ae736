// How much of a file may be on its way: the twin of Go's internal/transfer/window.go, which says
// why. Times are in ms. Pure.

const TARGET = 60; // of waiting that chunks may cause
const FIRST = 4 << 10;
const LEAST = 2 << 10;
const MOST = 960 << 10; // a little less than a queue's share in the relay
const LEAST_CHUNK = 1 << 10;
const BASE_PERIOD = 60_000;
const LATELY = 4;

/** As many bytes as make the round trip TARGET longer than its least (LEDBAT, RFC 6817). */
export class Window {
  #size = FIRST;
  #growing = true;
  #base = [0, 0]; // the least round trips of this period and the one before; 0 = none
  #period = -1;
  #drain = false;
  /** @type {number[]} */
  #recent = [];
  #cut = -Infinity;
  rtt = 0;

  /** Forgets the way: there is another connection. */
  restart() {
    this.#size = FIRST;
    this.#growing = true;
    this.#base = [0, 0];
    this.#period = -1;
    this.#drain = false;
    this.#recent = [];
    this.#cut = -Infinity;
    this.rtt = 0;
  }

  get size() {
    return Math.floor(this.#size);
  }

  /**
   * How large a chunk should be.
   * @param {number} most
   */
  chunk(most) {
    return Math.min(Math.max(Math.floor(this.#size / 4), LEAST_CHUNK), most);
  }

  /**
   * How many bytes may follow when so many are on their way.
   * @param {number} flight
   */
  room(flight) {
    if (this.#drain) {
      if (flight > 0) return 0;
      this.#drain = false;
    }
    return this.size - flight;
  }

  /**
   * A chunk's round trip is known.
   * @param {number} bytes
   * @param {number} flight bytes that were on their way with it
   * @param {number} trip
   * @param {number} now
   */
  acked(bytes, flight, trip, now) {
    trip = Math.max(trip, 0.001);
    if (this.#period < 0) this.#period = now;
    if (now - this.#period > BASE_PERIOD) {
      this.#base = [0, this.#base[0]];
      this.#period = now;
      this.#drain = true;
    }
    if (this.#base[0] === 0 || trip < this.#base[0]) this.#base[0] = trip;
    const least = this.#base[1] === 0 ? this.#base[0] : Math.min(...this.#base);
    this.#recent.push(trip);
    if (this.#recent.length > LATELY) this.#recent.shift();
    this.rtt = Math.min(...this.#recent);
    const off = Math.max(1 - (this.rtt - least) / TARGET, -1);
    if (off < 0) {
      this.#size += off / 2 * bytes;
      this.#growing = false;
    } else if (2 * flight < this.#size) {
      // it was not the window that held it back
    } else if (this.#growing && trip - least < TARGET / 4) {
      this.#size += bytes;
    } else {
      this.#growing = false;
      this.#size += off * bytes / this.#size * this.chunk(32 << 10);
    }
    this.#clamp();
  }

  #clamp() {
    this.#size = Math.min(Math.max(this.#size, LEAST), MOST);
  }

  /**
   * Something was lost: half the window, once a round trip.
   * @param {number} now
   */
  lost(now) {
    if (now - this.#cut < Math.max(this.rtt, 10)) return;
    this.#cut = now;
    this.#growing = false;
    this.#size /= 2;
    this.#clamp();
  }
}
