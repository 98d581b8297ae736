// Which monitor of the remote desktop this viewer watches: entries of the Screen menu under a map of
// the monitors, shortcuts, and a word when it changes. With one monitor there is none of it.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { mapOf, numberOf } from '../monitors.js';

/** @typedef {import('../../shared/wire.js').Monitor} Monitor */

const MAP = { w: 216, h: 96 }; // room for the map, in CSS pixels

/** @param {import('./parts.js').App} app */
export function monitors(app) {
  const { shell } = app;
  const several = () => app.page.picture !== 'none' && app.page.monitors.length > 1;
  /** @param {number} stream */
  const watch = (stream) => app.post({ type: 'watch', stream });
  shell.addEntries('screen', {
    order: 5,
    title: () => t('monitors.title'),
    above: () => html`<${Map} monitors=${app.page.monitors} stream=${app.page.stream} onChosen=${(/** @type {number} */ stream) => {
      shell.closeMenu();
      watch(stream);
    }} />`,
    entries: () => (several() ? [
      { id: 'monitor-0', label: t('monitors.all'), one: true, checked: app.page.stream === 0, run: () => watch(0) },
      ...app.page.monitors.map((m, i) => ({
        id: `monitor-${i + 1}`,
        label: nameOf(m, i),
        hint: t('monitors.size', { w: m.w, h: m.h }),
        one: true,
        checked: app.page.stream === m.stream,
        run: () => watch(m.stream),
      })),
    ] : []),
  });
  // Before anything of it is sent to the remote screen.
  window.addEventListener('keydown', (e) => {
    const number = numberOf(e);
    const wanted = number === 0 ? 0 : app.page.monitors[(number ?? 0) - 1]?.stream;
    if (number === null || wanted === undefined || !several()) return;
    e.preventDefault();
    e.stopPropagation();
    if (!e.repeat) watch(wanted);
  }, { capture: true });
  tellChanges(app);
}

/**
 * Says which monitor is seen when that has changed, and why if it was not the person.
 * @param {import('./parts.js').App} app
 */
function tellChanges(app) {
  /** @type {{epoch: number, stream: number, name: string} | null} what was seen last */
  let last = null;
  app.on('page', ({ page, epoch }) => {
    if (!page.open || page.picture === 'none') return;
    const at = page.monitors.findIndex((m) => m.stream === page.stream);
    const now = { epoch, stream: page.stream, name: at < 0 ? t('monitors.all') : nameOf(page.monitors[at], at) };
    const before = last;
    last = now;
    if (!before || before.epoch !== epoch || before.stream === now.stream) return;
    const gone = before.stream !== 0 && page.monitors.every((m) => m.stream !== before.stream);
    app.shell.notify({ id: 'monitor', text: gone ? t('monitors.gone', { name: before.name }) : t('monitors.now', { name: now.name }), ms: gone ? undefined : 2500 });
  });
}

/**
 * What a monitor is called: by its place in the list, which is also its shortcut, and the system's name.
 * @param {Monitor} m
 * @param {number} i
 */
export function nameOf(m, i) {
  return m.name ? t('monitors.named', { number: i + 1, name: m.name }) : t('monitors.unnamed', { number: i + 1 });
}

/**
 * The monitors to scale, for who has a pointer. The entries under it say the same.
 * @param {{monitors: Monitor[], stream: number, onChosen: (stream: number) => void}} props
 */
function Map({ monitors: list, stream, onChosen }) {
  const { w, h, boxes } = mapOf(list, MAP);
  return html`<div class="monitors" aria-hidden="true" style=${{ width: `${w}px`, height: `${h}px` }}>
    ${boxes.map((box, i) => html`<div key=${box.stream} class="monitor" data-on=${stream === 0 || stream === box.stream ? 'yes' : 'no'} onClick=${() => onChosen(box.stream)}
      style=${{ left: `${box.x}px`, top: `${box.y}px`, width: `${box.w}px`, height: `${box.h}px` }}>${i + 1}</div>`)}
  </div>`;
}
