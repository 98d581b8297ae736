// What the pages of this folder have in common: the language, the foot, and what to say when the
// page was opened at an address at which it cannot work.
import { changeLanguage, startLanguage } from '../shared/language.js';
import { language, t } from '../shared/texts.js';
import { LANGUAGES } from '../shared/texts/languages.js';
import { readService } from './service.js';

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function element(id, type) {
  const el = document.getElementById(id);
  if (!(el instanceof type)) throw new Error('the page lacks #' + id);
  return el;
}

/**
 * Starts a page; await it before anything else.
 * @param {import('../shared/texts.js').More} [more] texts of this page only
 */
export async function startPage(more) {
  await startLanguage(more);
  const service = readService();
  fillFoot(element('foot', HTMLElement), service);
  if (!service.origins.includes(location.origin)) sendElsewhere(element('elsewhere', HTMLElement), service.origins[0]);
  return service;
}

/**
 * @param {HTMLElement} foot
 * @param {import('./service.js').Service} service
 */
function fillFoot(foot, { support, abuse }) {
  const label = document.createElement('label');
  const text = document.createElement('span');
  text.textContent = t('foot.language');
  const choice = document.createElement('select');
  for (const [tag, { name }] of Object.entries(LANGUAGES)) {
    const option = new Option(name, tag, false, tag === language().tag);
    option.lang = tag;
    choice.add(option);
  }
  choice.addEventListener('change', () => changeLanguage(choice.value));
  label.append(text, choice);
  foot.append(label);
  for (const [href, key] of [[support, 'foot.support'], [abuse, 'foot.abuse'], ['/docs', 'foot.docs']]) {
    if (!href) continue;
    const link = document.createElement('a');
    link.href = href;
    link.textContent = t(key);
    foot.append(link);
  }
}

/**
 * @param {HTMLElement} box
 * @param {string} origin
 */
function sendElsewhere(box, origin) {
  const [text, go] = t('site.elsewhere').split('{address}');
  const where = document.createElement('bdi');
  where.textContent = origin;
  const link = document.createElement('a');
  link.href = origin + location.pathname + location.hash;
  link.textContent = t('site.elsewhere.go');
  box.append(text, where, go, ' ', link);
  box.hidden = false;
}
