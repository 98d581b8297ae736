// The control button: ask for control, give it back.
import { t } from '../../shared/texts.js';
import { deeds } from '../turns.js';

/** @param {import('./parts.js').App} app */
export function control(app) {
  app.shell.addTool({
    id: 'request',
    order: 10,
    look: () => {
      const { request } = app.page;
      if (request === 'none') return null;
      const label = t('bar.' + (deeds(app.page).own || request));
      return { label, icon: 'mouse', wide: true, primary: request !== 'yield', disabled: request === 'asking' };
    },
    run: () => {
      app.act('request');
      app.input.focus(); // so that typing works as soon as it is granted
    },
  });
}
