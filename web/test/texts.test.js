// The catalogues: every language has the same texts with the same gaps to fill in, and these are
// the ones that the pages use.
import assert from 'node:assert/strict';
import test from 'node:test';
import { addTexts, hasText, language, loadLanguage, pickLanguage, plural, t, useLanguage } from '../shared/texts.js';
import { LANGUAGES } from '../shared/texts/languages.js';
import shared from '../shared/texts/en.js';
import guest from '../guest/texts/en.js';
import presenter from '../window/texts/en.js';
import { files, read } from './files.js';

// Texts that one page has by itself, and those of the presenter's window, which no page has.
const more = {
  en: { ...guest, ...presenter },
  load: async (/** @type {string} */ tag) => {
    const [page, program] = await Promise.all([import(`../guest/texts/${tag}.js`), import(`../window/texts/${tag}.js`)]);
    return { default: { ...page.default, ...program.default } };
  },
};
await addTexts(more);
const en = { ...shared, ...more.en };
const keys = Object.keys(en);
// What Intl.PluralRules may answer. A text in one of these forms is one of a set.
const FORMS = ['zero', 'one', 'two', 'few', 'many', 'other'];
/** @param {string} key */
const formOf = (key) => FORMS.find((form) => key.endsWith('.' + form));
/** @param {string} key */
const isPlural = (key) => {
  const form = formOf(key);
  return form !== undefined && hasText(key.slice(0, -form.length) + 'other') && /\{n\}/.test(en[key.slice(0, -form.length) + 'other']);
};
const sets = new Set(keys.filter(isPlural).map((key) => key.slice(0, key.lastIndexOf('.'))));
/** @param {string} text */
const gaps = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort();

test('the language wanted', () => {
  for (const [wanted, have, want] of [
    [[], ['en', 'de'], 'en'],
    [['xx-YY', 'de-AT', 'en'], ['en', 'de'], 'de'],
    [['xx'], ['en', 'de'], 'en'],
    [['DE'], ['en', 'de'], 'de'],
    [['zh-Hant-TW'], ['zh', 'zh-Hant'], 'zh-Hant'],
    [['en-GB', 'de'], ['de', 'en'], 'en'],
    [['', '-', 'constructor'], ['en', 'de'], 'en'],
  ]) assert.equal(pickLanguage(wanted, have), want, String(wanted));
});

test('a language is loaded and used', async () => {
  useLanguage(await loadLanguage('de', 'Hilfe GmbH'));
  assert.equal(t('who.me'), 'Sie steuern');
  assert.equal(t('title.site'), 'Hilfe GmbH – Fernhilfe');
  assert.equal(language().tag, 'de');
  useLanguage(await loadLanguage('en', 'PinDesk'));
  assert.equal(t('who.me'), 'You control');
});

test('gaps are filled in once, with what is given only', () => {
  assert.equal(t('replaced.title', { name: '{name}$&{app}' }), 'Another computer, {name}$&{app}, is now sharing');
  assert.equal(t('replaced.title'), 'Another computer, {name}, is now sharing');
  assert.equal(t('no such text'), 'no such text');
  assert.equal(t('toString'), 'toString');
});

test('values that run the other way are isolated', () => {
  assert.equal(t('replaced.title', { name: 'שלום' }), 'Another computer, \u2068שלום\u2069, is now sharing');
  const before = language();
  useLanguage({ tag: 'ar', dir: 'rtl', texts: { x: '{pin} {n} {app}' }, app: 'PinDesk' });
  assert.equal(t('x', { pin: '7W2-97-8570', n: 3 }), '\u20687W2-97-8570\u2069 3 \u2068PinDesk\u2069');
  assert.equal(t('x', { pin: '', n: 3 }), ' 3 \u2068PinDesk\u2069');
  useLanguage(before);
});

test('plurals by the language', async () => {
  const texts = { 'm.one': '{n} one', 'm.few': '{n} few', 'm.other': '{n} other {x}' };
  useLanguage({ tag: 'cs', dir: 'ltr', texts, app: '' });
  assert.deepEqual([1, 3, 9, 1.5].map((n) => plural('m', n, { x: 'x' })), ['1 one', '3 few', '9 other x', '1.5 other x']);
  useLanguage({ tag: 'en', dir: 'ltr', texts: shared, app: 'PinDesk' });
});

for (const tag of Object.keys(LANGUAGES)) {
  test(`texts/${tag}.js`, async () => {
    const loaded = await loadLanguage(tag, '');
    const texts = { ...loaded.texts, ...(await more.load(tag)).default };
    assert.equal(new Intl.Locale(tag).toString(), tag, 'a BCP 47 tag');
    assert.ok(tag === 'en' || loaded.texts !== shared, 'is loaded');
    const single = (/** @type {string[]} */ of) => of.filter((key) => !isPlural(key)).sort();
    assert.deepEqual(single(Object.keys(texts)).filter((key) => !sets.has(key.slice(0, key.lastIndexOf('.')))), single(keys));
    const forms = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    for (const set of sets) for (const form of forms) assert.ok(Object.hasOwn(texts, `${set}.${form}`), `${set}.${form}`);
    for (const [key, text] of Object.entries(texts)) {
      assert.equal(typeof text, 'string', key);
      assert.equal(text.trim(), text, key);
      assert.notEqual(text, '', key);
      assert.doesNotMatch(text, /[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/, key);
      const form = formOf(key);
      const original = en[key] ?? en[key.slice(0, -(form?.length ?? 0)) + 'other'];
      // "One file" need not say the number.
      const [have, want] = [gaps(text), gaps(original)].map((g) => (isPlural(key) || sets.has(key.slice(0, key.lastIndexOf('.'))) ? g.filter((name) => name !== 'n') : g));
      assert.deepEqual(have, want, key);
    }
  });
}

/**
 * What the pages' files say that may be keys: whole ones, and patterns of those that are put
 * together ('bar.' + what, `error.${what}.title`, what + '.text').
 */
function used() {
  const whole = new Set();
  /** @type {RegExp[]} */
  const patterns = [/^fault\./, /^window\./]; // internal/httpapi/errorpage.go and internal/window show these, and test that they have them
  for (const f of files('.html')) for (const [, key] of read(f).matchAll(/data-(?:text|label)="([^"]*)"/g)) whole.add(key);
  for (const f of files('.js').filter((f) => !/^(?:shared|guest|window)\/texts\//.test(f))) {
    const text = read(f);
    for (const [, literal] of text.matchAll(/'([\w.-]+)'/g)) {
      if (literal.endsWith('.')) patterns.push(new RegExp('^' + literal.replaceAll('.', '\\.')));
      else if (literal.startsWith('.')) patterns.push(new RegExp(literal.replaceAll('.', '\\.') + '$'));
      else whole.add(literal);
    }
    for (const [, template] of text.matchAll(/`([^`\n]*)`/g)) {
      if (template.includes('${')) {
        const parts = template.split(/\$\{[^}]*\}/);
        if (parts.some((part) => part.includes('.')) && parts.every((part) => /^[\w.-]*$/.test(part))) patterns.push(new RegExp('^' + parts.map((part) => part.replaceAll('.', '\\.')).join('[\\w-]+') + '$'));
      }
    }
  }
  return { whole, patterns };
}

test('every text that the pages name is in the catalogue', () => {
  let n = 0;
  const want = (/** @type {string} */ f, /** @type {string} */ key) => {
    assert.ok(key.endsWith('.') ? keys.some((k) => k.startsWith(key)) : hasText(key), `${f}: ${key}`);
    n++;
  };
  for (const f of files('.html')) for (const [, key] of read(f).matchAll(/data-(?:text|label)="([^"]*)"/g)) want(f, key);
  for (const f of files('.js')) {
    for (const [, key] of read(f).matchAll(/\bt\('([^']*)'/g)) want(f, key);
    for (const [, key] of read(f).matchAll(/\bplural\('([^']*)'/g)) want(f, key + '.other');
  }
  assert.ok(n > 40);
});

test('every text in the catalogue is used', () => {
  const { whole, patterns } = used();
  const unused = keys.filter((key) => !whole.has(key) && !(isPlural(key) && whole.has(key.slice(0, key.lastIndexOf('.')))) && !patterns.some((p) => p.test(key)));
  assert.deepEqual(unused, []);
});
