// The People tab: whose session it is, who shares, who watches, who controls and who asks, with
// what can be done about it; and the person's own name.
import { Component, createRef, html } from '../../shared/html.js';
import { loadName, saveName, saveResume } from '../../shared/stored.js';
import { t } from '../../shared/texts.js';
import { nameOf } from '../../shared/ui/names.js';
import { deeds, told } from '../turns.js';
import { Icon } from '../../shared/ui/icons.js';
import { nameOf as monitorName } from './monitors.js';

/** @typedef {import('../../shared/wire.js').ViewerState} ViewerState */
/** @typedef {import('./parts.js').App} App */

const MAX_NAME = 40; // as the broker has it

/** @param {App} app */
export function people(app) {
  const { shell } = app;
  shell.addTab({
    id: 'people',
    order: 10,
    icon: 'people',
    label: () => t('people.label'),
    badge: () => app.page.viewers.filter((v) => v.viewer !== app.page.me && v.online && v.asking === 'control' && app.page.control).length,
    available: () => joined(app.page),
    view: () => html`<${People} app=${app} />`,
  });
  let before = app.page;
  app.on('page', ({ page }) => {
    const news = told(before, page);
    before = page;
    if (page.state === 'ended' || page.state === 'error') shell.dismiss('turn');
    if (!news) return;
    const mood = news.what === 'guest' || news.what === 'taken' ? 'busy' : 'info';
    shell.notify({ id: 'turn', text: t('turn.' + news.what, { name: news.who ? nameOf(news.who) : t('people.other') }), mood });
  });
  app.on('control', ({ control }) => {
    if (control.type === 'welcome') app.organisation = control.organisation ?? '';
    if (control.type !== 'refused' || !control.to) return;
    const to = app.page.viewers.find((v) => v.viewer === control.to);
    shell.notify({ id: 'turn', text: t('turn.refused', { name: to ? nameOf(to) : t('people.other') }), mood: 'busy' });
  });
}

/**
 * Whether this viewer takes part in the session. A pause of the connection takes no field away in
 * which somebody writes: the rest of it would go to the remote screen.
 * @param {import('../state.js').Page} page
 */
export const joined = (page) => page.me !== 0 && page.state !== 'ended' && page.state !== 'error';

/** @param {{app: App}} props */
function People({ app }) {
  const { page } = app;
  const { presenter } = page;
  const can = deeds(page);
  // Who is away keeps its grants for a minute, but is not here.
  const here = page.viewers.filter((v) => v.online);
  here.sort((a, b) => Number(b.viewer === page.me) - Number(a.viewer === page.me) || a.viewer - b.viewer);
  return html`<div class="people">
    ${app.organisation && html`<p class="organisation"><${Icon} name="check" /><span><bdi>${app.organisation}</bdi><br /><small>${t('people.verified')}</small></span></p>`}
    <h2>${t('people.guest')}</h2>
    <ul><li class="person">
      <p class="name">${presenter?.name ? html`<bdi>${presenter.name}</bdi>` : t('people.presenter')}</p>
      <p class="does">${t(!presenter?.attached ? 'people.away' : presenter.view_only ? 'people.browser' : 'people.shares')}</p>
    </li></ul>
    <h2>${t('people.viewers')}</h2>
    <ul>${here.map((v) => html`<${Person} key=${v.viewer} app=${app} v=${v} own=${v.viewer === page.me ? can.own : ''} hand=${can.hand.includes(v.viewer)} />`)}</ul>
    <${Name} app=${app} />
    <p class="hint">${t('people.selfdeclared')}</p>
  </div>`;
}

/** @param {ViewerState} v */
const doing = (v) => (v.control ? 'controls' : v.asking === 'view' || v.asking === 'control' ? 'asks.' + v.asking : v.view ? (v.may ? 'may' : 'watches') : 'waits');

/** @param {{app: App, v: ViewerState, own: string, hand: boolean}} props */
function Person({ app, v, own, hand }) {
  const me = v.viewer === app.page.me;
  const name = nameOf(v);
  const offered = v.asking === 'hand' ? app.page.viewers.find((o) => o.viewer === v.to) : undefined;
  const wish = offered ? t('people.hands', { name: nameOf(offered) }) : '';
  const give = t('people.hand.to', { name });
  const { monitors } = app.page;
  return html`<li class="person" data-viewer=${v.viewer} data-control=${v.control ? 'yes' : undefined}>
    <p class="name"><bdi>${name}</bdi>${me && html` <span class="me">${t('people.me')}</span>`}</p>
    <p class="does">${v.control && html`<${Icon} name="mouse" />`}${t('people.' + doing(v))}${wish && html`<br />${wish}`}${v.view && monitors.length > 1 && html`<br />${watched(v, monitors)}`}</p>
    ${own && html`<button type="button" class=${own === 'yield' ? '' : 'primary'} onClick=${() => app.act('request')}>${t('bar.' + own)}</button>`}
    ${hand && html`<button type="button" aria-label=${give} onClick=${() => app.send({ type: 'hand', viewer: v.viewer })}>${t('people.hand')}</button>`}
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

/**
 * The own name. Who was let in under a name keeps it: the guest has said yes to that one. So
 * another one means to join anew, and to be asked for anew.
 * @extends {Component<{app: App}>}
 */
class Name extends Component {
  field = createRef();

  render() {
    const { app } = this.props;
    const mine = app.page.viewers.find((v) => v.viewer === app.page.me);
    return html`<form class="own-name" onSubmit=${(/** @type {Event} */ e) => {
      e.preventDefault();
      this.#use();
    }}>
      <label for="own-name">${t('people.name')}</label>
      <div><input ref=${this.field} id="own-name" name="name" autocomplete="name" dir="auto" maxlength=${MAX_NAME} defaultValue=${mine?.name || loadName()} />
      <button type="submit">${t('people.name.use')}</button></div>
      <p class="hint">${t(mine?.view ? 'people.name.asks' : 'people.name.hint')}</p>
    </form>`;
  }

  #use() {
    const { app } = this.props;
    const name = /** @type {HTMLInputElement} */ (this.field.current).value.trim();
    saveName(name);
    if (name === (app.page.viewers.find((v) => v.viewer === app.page.me)?.name ?? '')) return;
    app.send({ type: 'bye' }); // the old self leaves, with its grants
    saveResume(app.pin, '');
    app.act('retry');
  }
}
