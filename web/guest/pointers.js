// Who points where: what a sharing tab shows of the viewers' laser pointers. A place counts for a
// while only, so that none stays when its viewer is gone, may not see any more, or falls silent.
// Pure.

/** How long a place counts, see doc.go of internal/wire. */
export const POINT_TIME = 3000; // ms

export class Pointers {
  /** @type {Map<number, number>} timers of those that point, by viewer */
  #of = new Map();

  /**
   * @param {(viewer: number, at: import('../shared/wire.js').Point | null) => void} show null: no more
   * @param {Pick<import('../shared/transport.js').Browser, 'setTimeout' | 'clearTimeout'>} env
   */
  constructor(show, env) {
    this.show = show;
    this.env = env;
  }

  /**
   * @param {number} viewer that may see
   * @param {import('../shared/wire.js').Point | null} at
   */
  take(viewer, at) {
    if (!at) {
      this.#end(viewer);
      return;
    }
    this.#forget(viewer);
    this.#of.set(viewer, this.env.setTimeout(() => this.#end(viewer), POINT_TIME));
    this.show(viewer, at);
  }

  /** Ends those of whom this does not hold any more. @param {(viewer: number) => boolean} may */
  keep(may) {
    for (const viewer of this.#of.keys()) if (!may(viewer)) this.#end(viewer);
  }

  /** @param {number} viewer */
  #end(viewer) {
    if (this.#forget(viewer)) this.show(viewer, null);
  }

  /** @param {number} viewer @returns {boolean} whether it pointed */
  #forget(viewer) {
    const timer = this.#of.get(viewer);
    if (timer !== undefined) this.env.clearTimeout(timer);
    return this.#of.delete(viewer);
  }
}
