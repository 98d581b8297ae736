// What the guest's page is at any moment. Pure: what is known in, a state out; ui/ shows it.
//
// dataset.state and dataset.detail of the page are those of STATES.
import { Close } from '../shared/wire.js';

/** @typedef {import('./messages.js').SharePage} SharePage */
/** @typedef {'start' | 'picking' | 'sharing' | 'ended' | 'error'} State */
/** @typedef {'stopped' | 'ended' | 'taken' | 'moved' | 'left' | 'failed'} End */

/** Every state and its details. Who adds one adds a scene to internal/e2e/guestscenes_test.go. */
export const STATES = Object.freeze({
  start: ['', 'again', 'cannot'], // again: the page was loaded anew while it shared
  picking: [''],
  sharing: ['connecting', 'reconnecting', 'alone', 'waiting', 'asked', 'watched'],
  ended: ['stopped', 'ended', 'taken', 'moved', 'left', 'failed'], // moved: to the guest's own program; left: that has ended, too
  error: ['pin', 'unknown'],
});

/**
 * @typedef {object} Known
 * @property {string} pin '' if the address has none
 * @property {boolean} unknown there is no session with it
 * @property {boolean} can this browser can share
 * @property {boolean} again it was sharing before it was loaded
 * @property {boolean} picking the browser asks what to share
 * @property {boolean} shares something is picked, and not stopped
 * @property {boolean} opened there was a connection since
 * @property {SharePage | null} share of the worker, the newest
 * @property {'' | End} end
 */

/**
 * @param {Known} k
 * @returns {{state: State, detail: string}}
 */
export function courseOf(k) {
  if (!k.pin) return { state: 'error', detail: 'pin' };
  if (k.picking) return { state: 'picking', detail: '' };
  if (k.shares) return { state: 'sharing', detail: sharing(k) };
  if (k.end) return { state: 'ended', detail: k.end };
  if (k.unknown) return { state: 'error', detail: 'unknown' };
  return { state: 'start', detail: !k.can ? 'cannot' : k.again ? 'again' : '' };
}

/** @param {Known} k */
function sharing({ share, opened }) {
  if (share?.link.phase !== 'open') return opened ? 'reconnecting' : 'connecting';
  if (share.question) return 'asked';
  if (share.watched) return 'watched';
  return share.people.length > 0 ? 'waiting' : 'alone';
}

/**
 * What the end of the link means.
 * @param {number | string} code of LinkState
 * @returns {'ended' | 'taken' | 'moved' | 'failed'}
 */
export function endOf(code) {
  if (code === Close.Replaced) return 'taken';
  if (code === Close.Moved) return 'moved';
  return code === Close.Ended || code === 'unknown_session' ? 'ended' : 'failed';
}
