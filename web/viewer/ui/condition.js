// Says over the picture what stands in the way at the other computer, for as long as it does: a picture
// that stands still must not look as if it were of now.
import { t } from '../../shared/texts.js';
import { obstacle } from '../condition.js';
import { elevation } from '../elevate.js';

/** @typedef {import('./parts.js').App} App */

/** @param {App} app */
export function condition(app) {
  const id = 'condition';
  let said = '';
  app.on('page', ({ page }) => {
    const now = page.open ? obstacle(page.presenter) : null;
    document.documentElement.classList.toggle('still', now?.still ?? false);
    const can = now && !now.still ? elevation(page) : 'none';
    const say = now && can !== 'asking' ? `${now.key} ${can}` : ''; // while it is asked for, that is said
    if (say === said) return;
    said = say;
    if (!now || say === '') app.shell.dismiss(id);
    else if (can === 'none') app.shell.notify({ id, text: t(now.key), mood: 'bad', ms: 0 });
    else {
      const action = { label: t('elevate.ask.short'), run: () => app.send({ type: 'elevate' }) };
      app.shell.notify({ id, text: t('condition.elevated.ask'), mood: 'bad', ms: 0, action });
    }
  });
}
