// The clipboard: what the technician pastes goes to the remote one first, and what is copied there
// comes to the technician's.
import { t } from '../../shared/texts.js';
import { cleanClip, encodeClip, MAX_CLIP_TEXT } from '../../shared/wire.js';
import { isPaste, Paste } from '../clipboard.js';
import { platform } from '../input.js';

/**
 * Copies a text, within what the browser lets a page do.
 * @param {string} text
 */
async function copy(text) {
  // Pages without https have no navigator.clipboard; what follows works there within a click.
  if (navigator.clipboard && 'writeText' in navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.readOnly = true;
  field.className = 'unseen';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (!done) throw new Error('the browser does not copy');
}

/** @param {import('./parts.js').App} app */
export function clipboard(app) {
  const { shell, input } = app;
  const kB = MAX_CLIP_TEXT >> 10;
  const id = 'clipboard';

  const paste = new Paste((/** @type {KeyboardEvent} */ e) => input.press(e), {
    setTimeout: (f, ms) => window.setTimeout(f, ms),
    clearTimeout: (timer) => window.clearTimeout(timer),
  });
  const shared = () => app.page.input && (app.page.presenter?.clipboard ?? '') !== '';
  input.takesKey = (e) => {
    paste.release(); // no text came for the last one
    if (!shared() || !isPaste(e, platform())) return false;
    paste.hold(e);
    return true;
  };
  window.addEventListener('keyup', () => paste.release(), true); // before the key is released
  window.addEventListener('paste', (e) => {
    if (!paste.holding) return;
    e.preventDefault();
    const text = cleanClip(e.clipboardData?.getData('text/plain') ?? '');
    if (text !== '') {
      const body = encodeClip(text);
      if (!body) {
        paste.drop(); // else what is on the remote clipboard would be pasted instead
        shell.notify({ id, text: t('clipboard.long.here', { kB }), mood: 'bad' });
        return;
      }
      app.post({ type: 'clip', body }, [body.buffer]);
    }
    paste.release();
  });

  /** @type {string | null} copied on the remote computer, and not here yet */
  let waiting = null;
  let told = false; // once is enough
  const take = async () => {
    const text = waiting;
    if (text === null) return;
    try {
      await copy(text);
    } catch {
      // Firefox and Safari copy only what somebody has just clicked for, all browsers only in the window in front.
      if (text === waiting) shell.notify({ id, text: t('clipboard.ready'), ms: 0, action: { label: t('clipboard.copy'), run: take } });
      return;
    }
    if (text !== waiting) return;
    waiting = null;
    shell.dismiss(id);
    if (!told) shell.notify({ id: 'clipboard-copied', text: t('clipboard.copied'), mood: 'good' });
    told = true;
  };
  app.on('clip', ({ text }) => {
    if (text === '') {
      shell.notify({ id, text: t('clipboard.long.there', { kB }), mood: 'bad' });
      return;
    }
    waiting = text;
    take();
  });
  window.addEventListener('focus', take);
  app.on('page', ({ page }) => {
    if (page.control || waiting === null) return;
    waiting = null; // of a time that is over
    shell.dismiss(id);
  });
}
