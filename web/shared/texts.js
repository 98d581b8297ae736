// Every text that a person sees comes from here: one catalogue a language, in texts/TAG.js.
// English is always loaded, for what another language lacks; of the others only the one in use.
// No DOM: language.js chooses for a page, and the engine's worker is handed what the page has.
import en from './texts/en.js';
import { LANGUAGES } from './texts/languages.js';

/** @typedef {Record<string, string>} Texts by key; {names} are filled in. 'key.one', 'key.other' … are plurals */

/**
 * A language with its texts; it can be posted to a worker.
 * @typedef {object} Language
 * @property {string} tag BCP 47
 * @property {'ltr' | 'rtl'} dir
 * @property {Texts} texts
 * @property {string} app what the operator calls this service: {app} in every text
 */

/** @type {Language} */
let current = { tag: 'en', dir: 'ltr', texts: en, app: 'PinDesk' };
/** What any language falls back to. @type {Texts} */
const english = { ...en };
let plurals = new Intl.PluralRules('en');

/** The language in use. */
export const language = () => current;

/**
 * Puts a language to use.
 * @param {Language} chosen
 */
export function useLanguage(chosen) {
  current = chosen;
  plurals = new Intl.PluralRules(chosen.tag);
}

/**
 * Texts that only one page needs: a folder texts/ of its own with the same files.
 * @typedef {object} More
 * @property {Texts} en
 * @property {(tag: string) => Promise<{default: Texts}>} load of another language
 */

/**
 * Adds texts to the language in use.
 * @param {More} more
 */
export async function addTexts(more) {
  Object.assign(english, more.en);
  const { tag } = current;
  if (tag === 'en') return;
  try {
    const { default: texts } = await more.load(tag);
    current = { ...current, texts: { ...current.texts, ...texts } };
  } catch (e) {
    console.warn('No more texts in', tag, e);
  }
}

/**
 * The first language wanted that there is: 'de-AT' finds 'de', as RFC 4647 looks up.
 * @param {readonly string[]} wanted BCP 47 tags, best first, as in navigator.languages
 * @param {readonly string[]} [have] tags
 */
export function pickLanguage(wanted, have = Object.keys(LANGUAGES)) {
  for (const tag of wanted) {
    for (let part = tag.toLowerCase(); part !== ''; part = part.slice(0, Math.max(0, part.lastIndexOf('-')))) {
      const found = have.find((h) => h.toLowerCase() === part);
      if (found) return found;
    }
  }
  return 'en';
}

/**
 * Loads a language. English if its file cannot be had: a page in another language is better
 * than none.
 * @param {string} tag one of LANGUAGES
 * @param {string} app
 * @returns {Promise<Language>}
 */
export async function loadLanguage(tag, app) {
  if (tag !== 'en') {
    try {
      const { default: texts } = await import(`./texts/${tag}.js`);
      return { tag, dir: LANGUAGES[tag].dir ?? 'ltr', texts, app };
    } catch (e) {
      console.warn('No texts in', tag, e);
    }
  }
  return { tag: 'en', dir: 'ltr', texts: en, app };
}

// Letters of scripts that are written from right to left.
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]|[\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A value as it goes into a text: where the two may run in different directions it is isolated,
 * so that neither a name nor a PIN changes places with what stands beside it.
 * @param {string | number} value
 */
const isolated = (value) => (typeof value === 'string' && value !== '' && (current.dir === 'rtl' || RTL.test(value)) ? `\u2068${value}\u2069` : String(value));

/**
 * The text of a key; the key itself when there is none.
 * @param {string} key
 * @param {Record<string, string | number>} [vars]
 */
export function t(key, vars = {}) {
  const text = own(current.texts, key) ?? own(english, key) ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(vars, name) ? isolated(vars[name]) : name === 'app' ? isolated(current.app) : whole));
}

/**
 * The text for a number, {n}: 'key.one', 'key.other' or what else the language tells apart.
 * @param {string} key
 * @param {number} n
 * @param {Record<string, string | number>} [vars]
 */
export function plural(key, n, vars = {}) {
  const form = `${key}.${plurals.select(n)}`;
  return t(hasText(form) || Object.hasOwn(current.texts, form) ? form : key + '.other', { n, ...vars });
}

/**
 * Reports whether there is a text for a key.
 * @param {string} key
 */
export const hasText = (key) => Object.hasOwn(english, key);

/**
 * @param {Texts} texts
 * @param {string} key
 */
const own = (texts, key) => (Object.hasOwn(texts, key) ? texts[key] : undefined);
