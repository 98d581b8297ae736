// What the pages remember: the resume secret of a session in its tab; the person's name, the
// language and whether the statistics are open, in the browser. Storage may be forbidden; then
// nothing is remembered and nothing breaks.
import { pinKey } from './pin.js';

const NAME = 'pindesk.name';
const STATS = 'pindesk.stats';
const LANGUAGE = 'pindesk.language';
/** @param {string} pin */
const resumeKey = (pin) => 'pindesk.resume.' + pinKey(pin);

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
