// Notices that the engine's worker does nothing any more: a message of the stream can be made
// such that it keeps a decoder busy for minutes. Pure; timers are injected.

/** So often the engine is asked for a sign of life. */
export const ASK_EVERY = 1000; // ms
/** After so many questions in a row without an answer it is stuck. */
export const MAX_UNANSWERED = 5;

export class Watch {
  #unanswered = 0;
  #last;
  #timer;

  /**
   * @param {() => void} ask
   * @param {() => void} onStuck called once; the watch is over then
   * @param {{setInterval: (f: () => void, ms: number) => number, clearInterval: (id: number) => void, now: () => number}} time
   */
  constructor(ask, onStuck, time) {
    this.ask = ask;
    this.onStuck = onStuck;
    this.time = time;
    this.#last = time.now();
    this.#timer = time.setInterval(() => this.#tick(), ASK_EVERY);
  }

  /** There was an answer. */
  alive() {
    this.#unanswered = 0;
  }

  end() {
    this.time.clearInterval(this.#timer);
  }

  #tick() {
    const now = this.time.now();
    // A page that slept itself (a closed lid, a frozen tab) knows nothing of the engine.
    if (now - this.#last > 2 * ASK_EVERY) this.#unanswered = 0;
    this.#last = now;
    if (this.#unanswered >= MAX_UNANSWERED) {
      this.end();
      this.onStuck();
      return;
    }
    this.#unanswered++;
    this.ask();
  }
}
