// The wish that the other computer's program goes on as administrator: an entry of the Keys menu (the notice
// about a window that takes no input has a button for it, too), and what became of it.
import { t } from '../../shared/texts.js';
import { Elevation, elevation, outcome } from '../elevate.js';

/** @param {import('./parts.js').App} app */
export function elevate(app) {
  const { shell } = app;
  const id = 'elevate';
  const watch = new Elevation();
  let asking = false;
  shell.addEntries('keys', {
    order: 15,
    entries: () => {
      const can = elevation(app.page);
      return can === 'none' ? [] : [{
        id: 'keys-elevate', label: t('elevate.ask'), below: t('elevate.ask.hint'), disabled: can === 'asking', run: () => app.send({ type: 'elevate' }),
      }];
    },
  });
  app.on('page', ({ page }) => {
    const now = elevation(page) === 'asking';
    if (now && !asking) shell.notify({ id, text: t('elevate.asking'), mood: 'busy', ms: 0 });
    if (!now && asking) shell.dismiss(id);
    asking = now;
    if (watch.take(page)) shell.notify({ id, text: t('elevate.done') });
  });
  app.on('control', ({ control }) => {
    if (control.type !== 'refused' || !control.elevate) return;
    asking = false; // this stands in the place of the notice that it is asked
    shell.notify({ id, text: t(outcome(control)), mood: 'bad' });
  });
}
