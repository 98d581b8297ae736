// The language of a page: the one chosen here before, else the best that the browser asks for.
// A page awaits startLanguage() before it shows anything.
import { loadTag, saveTag } from './stored.js';
import { addTexts, loadLanguage, pickLanguage, t, useLanguage } from './texts.js';

/**
 * Loads the page's language and names it in <html>, and fills in the fixed texts.
 * @param {import('./texts.js').More} [more] texts of this page only
 */
export async function startLanguage(more) {
  const remembered = loadTag();
  const tag = pickLanguage(remembered ? [remembered, ...navigator.languages] : navigator.languages);
  const chosen = await loadLanguage(tag, document.querySelector('meta[name="application-name"]')?.getAttribute('content') || 'PinDesk');
  useLanguage(chosen);
  if (more) await addTexts(more);
  document.documentElement.lang = chosen.tag;
  document.documentElement.dir = chosen.dir;
  fillTexts(document);
}

/**
 * Remembers a language and shows the page in it, by loading it anew.
 * @param {string} tag
 */
export function changeLanguage(tag) {
  saveTag(tag);
  location.reload();
}

/**
 * Fills in fixed texts: data-text is an element's text, data-label its aria-label.
 * @param {ParentNode} root
 */
export function fillTexts(root) {
  for (const el of root.querySelectorAll('[data-text]')) el.textContent = t(el.getAttribute('data-text') ?? '');
  for (const el of root.querySelectorAll('[data-label]')) el.setAttribute('aria-label', t(el.getAttribute('data-label') ?? ''));
}
