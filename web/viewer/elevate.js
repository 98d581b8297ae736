// The wish that the other computer's program goes on as administrator. Pure.
import { DECLINED, FAILED } from '../shared/wire.js';

/** @typedef {Pick<import('./state.js').Page, 'open' | 'me' | 'input' | 'control' | 'viewers' | 'presenter'>} Now what counts of a page */

/**
 * What this viewer can do about it: only who controls may wish for it, and only where the program there offers it.
 * @param {Now} page
 * @returns {'none' | 'ask' | 'asking'}
 */
export function elevation({ open, me, input, control, viewers, presenter }) {
  if (!open || !control || !presenter?.attached || presenter.privileges !== 'user') return 'none';
  if (viewers.find((v) => v.viewer === me)?.asking === 'elevate') return 'asking';
  return input ? 'ask' : 'none';
}

/**
 * The text for a wish that came to nothing.
 * @param {import('../shared/wire.js').Control} refused
 */
export function outcome({ blocked, reason }) {
  if (blocked) return 'elevate.blocked';
  return reason === DECLINED ? 'elevate.declined' : reason === FAILED ? 'elevate.failed' : 'elevate.refused';
}

/** Notices that it has come true. */
export class Elevation {
  #user = false;

  /**
   * @param {Now} page
   * @returns {boolean} whether the program runs as administrator from now on, and did not before
   */
  take({ open, presenter }) {
    if (!open || !presenter?.attached || !presenter.privileges) return false; // on its way from one program to the other
    const came = this.#user && presenter.privileges === 'admin' && !presenter.changed;
    this.#user = presenter.privileges === 'user';
    return came;
  }
}
