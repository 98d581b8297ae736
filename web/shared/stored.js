// What the pages remember: in a tab, of a session, the resume secret and how far its chat was
// read, what it shared, and an API key if asked to; in the browser the person's name, the language and whether the
// statistics are open. Storage may be forbidden; then nothing is remembered and nothing breaks.
import { pinKey } from './pin.js';

const NAME = 'pindesk.name';
const BAR = 'pindesk.bar';
const STATS = 'pindesk.stats';
const LANGUAGE = 'pindesk.language';
const KEY = 'pindesk.key';
const TOUCH = 'pindesk.touch';
/** @param {string} pin */
const resumeKey = (pin) => 'pindesk.resume.' + pinKey(pin);
/** @param {string} pin */
const chatKey = (pin) => 'pindesk.chat.' + pinKey(pin);
/** @param {string} pin */
const seenKey = (pin) => 'pindesk.seen.' + pinKey(pin);

/** @param {string} pin */
const sharedKey = (pin) => 'pindesk.shared.' + pinKey(pin);
/** @param {string} pin */
const recordKey = (pin) => 'pindesk.record.' + pinKey(pin);

/**
 * @template T
 * @param {() => T} f
 * @param {T} otherwise
 */
function attempt(f, otherwise) {
  try {
    return f();
  } catch {
    return otherwise;
  }
}

/** @param {string} pin */
export const loadResume = (pin) => attempt(() => sessionStorage.getItem(resumeKey(pin)), null) ?? '';

/**
 * @param {string} pin
 * @param {string} resume '' forgets it
 */
export function saveResume(pin, resume) {
  attempt(() => (resume ? sessionStorage.setItem(resumeKey(pin), resume) : sessionStorage.removeItem(resumeKey(pin))), undefined);
}

/**
 * What this tab's sharing of a session left; see web/guest.
 * @typedef {object} Shared
 * @property {string} resume
 * @property {number[]} granted viewers
 * @property {boolean} on it was not stopped
 */

/** @param {string} pin @returns {Shared | null} */
export function loadShared(pin) {
  const stored = attempt(() => JSON.parse(sessionStorage.getItem(sharedKey(pin)) ?? ''), null);
  if (typeof stored?.resume !== 'string' || stored.resume === '' || !Array.isArray(stored.granted)) return null;
  return { resume: stored.resume, granted: stored.granted.filter(Number.isInteger), on: stored.on === true };
}

/** @param {string} pin @param {Shared} shared */
export function saveShared(pin, shared) {
  attempt(() => sessionStorage.setItem(sharedKey(pin), JSON.stringify(shared)), undefined);
}

/** @param {string} pin what Record of web/guest/record.js gave to keep; null for nothing */
export const loadRecord = (pin) => attempt(() => JSON.parse(sessionStorage.getItem(recordKey(pin)) ?? ''), null);

/** @param {string} pin @param {object} record */
export function saveRecord(pin, record) {
  attempt(() => sessionStorage.setItem(recordKey(pin), JSON.stringify(record)), undefined);
}

/** @param {string} pin what the last line was that was seen in this session */
export const loadSeen = (pin) => Number(attempt(() => sessionStorage.getItem(seenKey(pin)), null)) || 0;

/** @param {string} pin @param {number} seen */
export function saveSeen(pin, seen) {
  attempt(() => sessionStorage.setItem(seenKey(pin), String(seen)), undefined);
}

/**
 * What the lines of the chat begin with that this tab has said, over its reloads.
 * @param {string} pin
 * @param {() => string} make a new one
 */
export function chatPrefix(pin, make) {
  const known = attempt(() => sessionStorage.getItem(chatKey(pin)), null);
  if (known && /^\w{1,20}$/.test(known)) return known;
  const made = make();
  attempt(() => sessionStorage.setItem(chatKey(pin), made), undefined);
  return made;
}

export const loadName = () => attempt(() => localStorage.getItem(NAME), null) ?? '';

/** @param {string} name '' forgets it */
export function saveName(name) {
  attempt(() => (name ? localStorage.setItem(NAME, name) : localStorage.removeItem(NAME)), undefined);
}

/**
 * How the viewer's bar was left: whether it is pinned in a window and in full screen, and where on
 * the top edge its handle is, as a part of the width.
 * @returns {{window: boolean, full: boolean, at: number}}
 */
export function loadBar() {
  const stored = attempt(() => JSON.parse(localStorage.getItem(BAR) ?? ''), null);
  return { window: stored?.window !== false, full: stored?.full === true, at: typeof stored?.at === 'number' ? stored.at : 0.5 };
}

/** @param {{window: boolean, full: boolean, at: number}} bar */
export function saveBar(bar) {
  attempt(() => localStorage.setItem(BAR, JSON.stringify(bar)), undefined);
}

export const loadStatsOpen = () => attempt(() => localStorage.getItem(STATS), null) === 'open';

/** @param {boolean} open */
export function saveStatsOpen(open) {
  attempt(() => (open ? localStorage.setItem(STATS, 'open') : localStorage.removeItem(STATS)), undefined);
}

/** The language chosen by the person; '' while none was. */
export const loadTag = () => attempt(() => localStorage.getItem(LANGUAGE), null) ?? '';

/** @param {string} tag */
export function saveTag(tag) {
  attempt(() => localStorage.setItem(LANGUAGE, tag), undefined);
}

/** The API key that was to be kept in this tab; '' for none. */
export const loadKey = () => attempt(() => sessionStorage.getItem(KEY), null) ?? '';

/** @param {string} key '' forgets it */
export function saveKey(key) {
  attempt(() => (key ? sessionStorage.setItem(KEY, key) : sessionStorage.removeItem(KEY)), undefined);
}

/** @returns {'direct' | 'trackpad'} what a touch means */
export const loadTouch = () => (attempt(() => localStorage.getItem(TOUCH), null) === 'trackpad' ? 'trackpad' : 'direct');

/** @param {'direct' | 'trackpad'} mode */
export function saveTouch(mode) {
  attempt(() => localStorage.setItem(TOUCH, mode), undefined);
}
