// Says over the picture what stands in the way at the other computer, for as long as it does: a picture
// that stands still must not look as if it were of now.
import { t } from '../../shared/texts.js';
import { obstacle } from '../condition.js';

/** @typedef {import('./parts.js').App} App */

/** @param {App} app */
export function condition(app) {
  const id = 'condition';
  /** @type {string | null} */
  let said = null;
  app.on('page', ({ page }) => {
    const now = page.open ? obstacle(page.presenter) : null;
    document.documentElement.classList.toggle('still', now?.still ?? false);
    if ((now?.key ?? null) === said) return;
    said = now?.key ?? null;
    if (said === null) app.shell.dismiss(id);
    else app.shell.notify({ id, text: t(said), mood: 'bad', ms: 0 });
  });
}
