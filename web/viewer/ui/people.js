// The People tab: who shares, who watches, who controls, who asks.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { nameOf as monitorName } from './monitors.js';

/** @typedef {import('../../shared/wire.js').ViewerState} ViewerState */

/** @param {import('./parts.js').App} app */
export function people(app) {
  app.shell.addTab({
    id: 'people',
    order: 10,
    icon: 'people',
    label: () => t('people.label'),
    available: () => app.page.open,
    view: () => html`<ul class="people">${app.page.viewers.filter((v) => v.online).map((v) => html`<${Person} key=${v.viewer} v=${v} me=${v.viewer === app.page.me} monitors=${app.page.monitors} />`)}</ul>`,
  });
}

/**
 * What a viewer is called: unnamed ones and twins have their number.
 * @param {ViewerState} v
 */
export function nameOf(v) {
  if (!v.name) return t('people.unnamed', { number: v.viewer });
  return v.twin ? t('who.twin', { name: v.name, number: v.viewer }) : v.name;
}

/** @param {{v: ViewerState, me: boolean, monitors: import('../../shared/wire.js').Monitor[]}} props */
function Person({ v, me, monitors }) {
  const does = v.control ? 'controls' : v.asking ? 'asks.' + v.asking : v.view ? 'watches' : 'waits';
  return html`<li class="person">
    <p class="name">${nameOf(v)}${me && html` <span class="me">${t('people.me')}</span>`}</p>
    <p class="does">${t('people.' + does)}</p>
    ${v.view && monitors.length > 1 && html`<p class="does">${watched(v, monitors)}</p>`}
  </li>`;
}

/**
 * What of several monitors a viewer sees.
 * @param {ViewerState} v
 * @param {import('../../shared/wire.js').Monitor[]} monitors
 */
function watched(v, monitors) {
  const at = monitors.findIndex((m) => m.stream === v.stream);
  return at < 0 ? t('monitors.all') : monitorName(monitors[at], at);
}
