// The home page: a PIN box for both sides of a session. With a #PIN the address is a guest's, and
// leads to their page (web/guest). The PIN goes from page to page in the #fragment only.
import { formatPIN, parsePIN, pinOfFragment } from '../shared/pin.js';
import { loadName, saveName } from '../shared/stored.js';
import { t } from '../shared/texts.js';
import { element, startPage } from './page.js';

await startPage();
document.title = t('title.site');

const form = element('join', HTMLFormElement);
const pin = element('pin', HTMLInputElement);
const name = element('name', HTMLInputElement);
const error = element('pin-error', HTMLElement);

/** @param {string} text '' for none */
function showError(text) {
  error.textContent = text;
  if (text) {
    pin.setAttribute('aria-invalid', 'true');
    pin.setAttribute('aria-describedby', 'pin-error pin-hint');
  } else {
    pin.removeAttribute('aria-invalid');
    pin.setAttribute('aria-describedby', 'pin-hint');
  }
}

/** Follows what the address says. */
function readFragment() {
  const given = pinOfFragment(location.hash);
  if (given) {
    location.replace('/help#' + given);
    return;
  }
  const malformed = location.hash.length > 1;
  if (malformed) pin.value = formatPIN(location.hash.slice(1, 40));
  showError(malformed ? t('site.pin.malformed') : '');
}

pin.addEventListener('input', (e) => {
  if (error.textContent) showError('');
  if (e instanceof InputEvent && e.isComposing) return;
  const { value, selectionStart } = pin;
  // Dashes come by themselves at the end; in the middle, or while deleting, nothing moves.
  const deleting = e instanceof InputEvent && e.inputType.startsWith('delete');
  if (selectionStart === value.length && !deleting) pin.value = formatPIN(value);
});
pin.addEventListener('blur', () => { pin.value = formatPIN(pin.value); });

form.addEventListener('submit', (e) => {
  e.preventDefault();
  const given = parsePIN(pin.value);
  if (!given) {
    showError(t(pin.value.trim() === '' ? 'site.pin.missing' : 'site.pin.malformed'));
    pin.focus();
    return;
  }
  saveName(name.value.trim());
  const helps = e.submitter?.id === 'view';
  location.assign((helps ? '/view#' : '/help#') + given);
});

window.addEventListener('hashchange', readFragment);
name.value = loadName();
readFragment();
if (pin.value === '') pin.focus();
