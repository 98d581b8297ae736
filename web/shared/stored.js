// What the pages remember: in a tab, of a session, the resume secret and how far its chat was
// read, and an API key if asked to; in the browser the person's name, the language and whether the
// statistics are open. Storage may be forbidden; then nothing is remembered and nothing breaks.
import { pinKey } from './pin.js';

const NAME = 'pindesk.name';
const STATS = 'pindesk.stats';
const LANGUAGE = 'pindesk.language';
const KEY = 'pindesk.key';
/** @param {string} pin */
const resumeKey = (pin) => 'pindesk.resume.' + pinKey(pin);
/** @param {string} pin */
const chatKey = (pin) => 'pindesk.chat.' + pinKey(pin);
/** @param {string} pin */
const seenKey = (pin) => 'pindesk.seen.' + pinKey(pin);

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
