// Small parts of the page /new that both of its steps use.
import { html } from '../shared/html.js';
import { hasText, t } from '../shared/texts.js';

/**
 * What the person says of themselves.
 * @typedef {object} Own
 * @property {string} name
 * @property {string} key API key; kept in this page only, unless keep
 * @property {boolean} keep the key until the tab is closed
 * @property {boolean} asked the field for the key is shown
 * @property {string} origin of links
 * @property {import('./service.js').Service} service
 */

/** @param {import('./newsession.js').Problem} problem */
export function problemText({ code, after }) {
  if (code === 'key_missing') return t('new.key.missing');
  if (code === 'puzzle') code = 'too_many_requests';
  const key = 'new.error.' + code;
  return t(hasText(key) ? key : 'new.error.other', { code, seconds: after || 10 });
}

/**
 * Whether another API key would help.
 * @param {import('./newsession.js').Problem} problem
 */
export const aboutKey = ({ code }) => ['key_missing', 'key_needed', 'bad_key', 'not_allowed'].includes(code);

/** @param {{id: string, own: Own, bad: string, needed: boolean}} props bad is the code of what went wrong, '' for nothing */
export function KeyField({ id, own, bad, needed }) {
  const wrong = aboutKey({ code: bad, after: 0 });
  return html`<label for=${id}>${t(needed ? 'new.key' : 'new.key.optional')}</label>
    <input id=${id} name="key" type="password" dir="ltr" autocomplete="off" spellcheck="false" maxlength="200" aria-describedby=${id + '-hint'}
      aria-invalid=${wrong ? 'true' : undefined} value=${own.key} onInput=${(/** @type {any} */ e) => { own.key = e.currentTarget.value; }} />
    <p id=${id + '-hint'} class="hint">${t('new.key.hint')}</p>
    <label class="check"><input type="checkbox" name="keep" checked=${own.keep} onChange=${(/** @type {any} */ e) => { own.keep = e.currentTarget.checked; }} />${t('new.key.keep')}</label>`;
}

/**
 * Copies a text, or selects what shows it where that is not allowed (plain http, an old browser).
 * @param {string} text
 * @param {HTMLElement | null} shows
 * @returns {Promise<boolean>} whether it was copied
 */
export async function copy(text, shows) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shows instanceof HTMLInputElement) shows.select();
    else if (shows) getSelection()?.selectAllChildren(shows);
    return false;
  }
}
