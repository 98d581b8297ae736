// The shell: the bar with its menus, the side panel with its tabs, the notices, and the panel over
// the picture. Features add their parts once; what those look like they say at each render, so a
// feature whose own state has changed only calls update().
//
//	shell.addTool({ id: 'stats', order: 50, look: () => ({ label: t('bar.stats'), icon: 'stats' }), run })
//	shell.addEntries('screen', { order: 20, entries: () => [{ label: t('screen.fit'), run }] })
//	shell.addTab({ id: 'people', order: 10, icon: 'people', label: () => t('people.label'), view: () => html`<${People} />` })
//	shell.notify({ id: 'paused', text: t('paused.text') })
import { html, render } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { Bar } from './bar.js';
import { element } from '../../shared/ui/element.js';
import { MenuView } from './menu.js';
import { NoticeBoard, Notices } from '../../shared/ui/notices.js';
import { Panel } from './panel.js';
import { Side } from './side.js';

/** @typedef {import('./parts.js').Tool} Tool */
/** @typedef {import('./parts.js').Menu} Menu */
/** @typedef {import('./parts.js').Entries} Entries */
/** @typedef {import('./parts.js').Entry} Entry */
/** @typedef {import('./parts.js').Tab} Tab */
/** @typedef {import('../state.js').Page} Page */
/** @typedef {import('../state.js').Action} Action */

/** @param {{order: number}} a @param {{order: number}} b */
const byOrder = (a, b) => a.order - b.order;

export class Shell extends NoticeBoard {
  /** @type {Tool[]} */
  tools = [];
  /** @type {Tab[]} */
  tabs = [];
  /** @type {Map<string, Entries[]>} */
  #entries = new Map();
  /** @type {string | null} the menu that is open */
  menu = null;
  /** @type {Tab | null} that is open */
  tab = null;
  /** @type {(() => {lines: string[], actions: Action[]} | null)[]} */
  #panelParts = [];
  #due = false;

  /**
   * @param {Page} page
   * @param {object} on
   * @param {(action: Action) => void} on.action a button of the panel over the picture
   * @param {() => void} on.back the keyboard is to go back to the remote screen, if it may
   */
  constructor(page, on) {
    super();
    this.page = page;
    this.on = on;
  }

  /** @param {Tool} tool */
  addTool(tool) {
    this.tools.push(tool);
    this.tools.sort(byOrder);
    this.update();
  }

  /** @param {Menu} menu */
  addMenu(menu) {
    const { id, order, look } = menu;
    this.#entries.set(id, this.#entries.get(id) ?? []);
    this.addTool({ id: id + '-button', order, look: () => (this.entries(id).length > 0 ? look() : null), run: () => this.toggleMenu(id) });
  }

  /**
   * @param {string} menu may be added later
   * @param {Entries} entries
   */
  addEntries(menu, entries) {
    this.#entries.set(menu, [...this.#entries.get(menu) ?? [], entries].sort(byOrder));
    this.update();
  }

  /**
   * A menu's entries as they are now.
   * @param {string} menu
   * @returns {{title: string, above?: Entries['above'], entries: Entry[]}[]} none of them is empty
   */
  entries(menu) {
    return (this.#entries.get(menu) ?? []).map((e) => ({ title: e.title?.() ?? '', above: e.above, entries: e.entries() })).filter((e) => e.entries.length > 0);
  }

  /** @param {() => {lines: string[], actions: Action[]} | null} part more for the panel over the picture, while there is one */
  addPanelPart(part) {
    this.#panelParts.push(part);
  }

  /** @param {Tab} tab */
  addTab(tab) {
    this.tabs.push(tab);
    this.tabs.sort(byOrder);
    this.addTool({
      id: tab.id + '-button',
      order: 100 + tab.order,
      look: () => (this.has(tab) ? { label: tab.label(), icon: tab.icon, pressed: this.tab === tab } : null),
      run: () => this.openTab(this.tab === tab ? null : tab.id),
    });
  }

  /** @param {Tab} tab whether there is anything to show in it */
  has(tab) {
    return tab.available?.() ?? true;
  }

  /** @param {string | null} id of the tab to show; null closes the side panel */
  openTab(id) {
    const tab = this.tabs.find((one) => one.id === id && this.has(one)) ?? null;
    if (tab === this.tab) return;
    const before = this.tab;
    this.tab = tab;
    before?.onOpen?.(false);
    tab?.onOpen?.(true);
    this.render();
    if (!tab) this.on.back();
  }

  /** @param {string} id opens or closes a menu */
  toggleMenu(id) {
    if (this.menu === id) this.closeMenu();
    else {
      this.menu = id;
      this.render();
    }
  }

  /** @param {boolean} back the keyboard goes back to the remote screen, else to the menu's button */
  closeMenu(back = true) {
    document.getElementById(this.menu + '-button')?.focus({ preventScroll: true });
    this.menu = null;
    this.render();
    if (back) this.on.back();
  }

  /**
   * A button of the bar was used.
   * @param {Tool} tool
   */
  use(tool) {
    tool.run();
    const opened = this.menu !== null || (this.tab !== null && tool.id === this.tab.id + '-button');
    if (!opened) this.on.back();
    this.render();
  }

  /** Called before the bar gets the focus. */
  beforeFocus = () => {};

  /** The keyboard leaves the remote screen for the bar. */
  focusBar() {
    this.beforeFocus();
    const bar = element('bar', HTMLElement);
    /** @type {HTMLElement | null} */ (bar.querySelector('button.primary:enabled') ?? bar.querySelector('button:enabled'))?.focus();
  }

  /** @param {Page} page */
  show(page) {
    this.page = page;
    const { dataset } = document.documentElement;
    dataset.state = page.state;
    dataset.detail = page.detail;
    dataset.control = page.control ? 'yes' : 'no';
    dataset.picture = page.picture;
    this.render();
  }

  /** Something that a part looks at has changed. @override */
  update() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      if (this.#due) this.render();
    });
  }

  /** Draws all parts now. */
  render() {
    this.#due = false;
    if (this.tab && !this.has(this.tab)) {
      this.tab.onOpen?.(false);
      this.tab = null;
    }
    const button = this.menu + '-button';
    if (this.menu !== null && !this.tools.find((tool) => tool.id === button)?.look()) this.menu = null;
    const { page } = this;
    const had = document.activeElement;
    const unread = this.tabs.reduce((n, tab) => n + (tab.badge?.() ?? 0), 0);
    const title = t('title.viewer', { status: page.status });
    document.title = unread > 0 ? t('title.unread', { n: unread, title }) : title;
    document.documentElement.dataset.side = this.tab ? 'open' : 'closed';
    element('bar', HTMLElement).dataset.mood = page.mood;
    element('side', HTMLElement).hidden = this.tab === null;
    element('panel', HTMLElement).hidden = page.panel === null;
    render(html`<${Bar} shell=${this} page=${page} />`, element('bar', HTMLElement));
    render(html`<${Side} shell=${this} />`, element('side', HTMLElement));
    render(html`<${Notices} board=${this} back=${this.on.back} />`, element('notices', HTMLElement));
    render(html`<${MenuView} key=${this.menu} shell=${this} />`, element('menu', HTMLElement));
    render(html`<${Panel} panel=${page.panel} parts=${this.#panelParts.map((part) => part()).filter(Boolean)} onAction=${this.on.action} />`, element('panel', HTMLElement));
    if (had && !had.isConnected && document.activeElement === document.body) this.#catchFocus();
  }

  /** What had the keyboard is gone: the open tab gets it, else the remote screen. */
  #catchFocus() {
    if (this.tab) document.getElementById(this.tab.id + '-tabbutton')?.focus({ preventScroll: true });
    else this.on.back();
  }
}
