// The Screen menu: full screen, statistics; zoom.js and others add to it.
import { t } from '../../shared/texts.js';

/** @param {import('./parts.js').App} app @param {import('../statspanel.js').StatsPanel} stats */
export function screen(app, stats) {
  const { shell } = app;
  const seen = () => app.page.picture !== 'none';
  shell.addMenu({ id: 'screen', order: 20, look: () => (seen() ? { label: t('bar.screen'), icon: 'screen' } : null) });
  shell.addMenu({ id: 'keys', order: 25, look: () => (app.page.control && seen() ? { label: t('bar.menu.keys'), icon: 'keyboard' } : null) });
  const whole = () => document.fullscreenElement !== null;
  const full = () => t(whole() ? 'bar.windowed' : 'bar.fullscreen');
  shell.addEntries('screen', {
    order: 90,
    entries: () => [
      ...document.fullscreenEnabled ? [{ id: 'screen-full', label: full(), run: () => toggleFullscreen(app) }] : [],
      { id: 'screen-stats', label: t('bar.stats'), checked: stats.open, hint: t('stats.keys'), run: () => stats.toggle() },
    ],
  });
  shell.addTool({
    id: 'fullscreen',
    order: 200,
    look: () => (seen() && document.fullscreenEnabled ? { label: full(), icon: whole() ? 'exit' : 'expand', roomy: true } : null),
    run: () => { toggleFullscreen(app); },
  });
  shell.addTool({
    id: 'stats-button',
    order: 30,
    look: () => (seen() ? { label: t('bar.stats'), icon: 'stats', pressed: stats.open, roomy: true, keys: 'Control+Alt+Shift+S' } : null),
    run: () => stats.toggle(),
  });
  document.addEventListener('fullscreenchange', () => shell.update());
}

/** @param {import('./parts.js').App} app */
async function toggleFullscreen(app) {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else {
      await document.documentElement.requestFullscreen({ navigationUI: 'hide' });
      // Where it exists: Escape, Alt+Tab and the like go to the remote screen as well.
      await /** @type {any} */ (navigator).keyboard?.lock?.();
    }
    app.input.focus();
  } catch {
    // refused by the browser: the window stays as it is
  }
}
