// The home page: a PIN box for the technician and, when the address has a #PIN, how its guest
// shares. The PIN goes from page to page in the #fragment only.
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
const share = element('share', HTMLElement);
const command = element('command', HTMLElement);
const copied = element('copied', HTMLElement);

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

/** Fills in what the address says. */
function readFragment() {
  const given = pinOfFragment(location.hash);
  if (given) {
    pin.value = given;
    command.textContent = `presenter --broker ${location.origin} --pin ${given}`;
  }
  const malformed = !given && location.hash.length > 1;
  if (malformed) pin.value = formatPIN(location.hash.slice(1, 40));
  showError(malformed ? t('site.pin.malformed') : '');
  share.hidden = given === null;
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
  location.assign('/view#' + given);
});

element('copy', HTMLButtonElement).addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(command.textContent ?? ''); // missing on plain http
    copied.textContent = t('site.copied');
  } catch {
    getSelection()?.selectAllChildren(command);
    copied.textContent = t('site.copy.failed');
  }
});

window.addEventListener('hashchange', readFragment);
name.value = loadName();
readFragment();
if (pin.value === '') pin.focus();
