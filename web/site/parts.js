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

/** @param {{own: Own, bad: string | undefined, needed: boolean}} props */
export function KeyField({ own, bad, needed }) {
  const wrong = bad === 'key_needed' || bad === 'bad_key' || bad === 'key_missing' || bad === 'not_allowed';
  return html`<label for="key">${t(needed ? 'new.key' : 'new.key.optional')}</label>
    <input id="key" name="key" type="password" dir="ltr" autocomplete="off" spellcheck="false" maxlength="200" aria-describedby="key-hint"
      aria-invalid=${wrong ? 'true' : undefined} value=${own.key} onInput=${(/** @type {any} */ e) => { own.key = e.currentTarget.value; }} />
    <p id="key-hint" class="hint">${t('new.key.hint')}</p>
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
