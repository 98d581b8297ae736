// The Files tab: what goes to the guest's computer and what comes from it; and the whole window as
// a place to drop files on. The rules are in ../files.js, which runs with the engine.
import { createRef, html } from '../../shared/html.js';
import { sizeOf } from '../../shared/size.js';
import { hasText, language, t } from '../../shared/texts.js';
import { over } from '../filemove.js';
import { Icon } from '../../shared/ui/icons.js';
import { save } from '../../shared/ui/save.js';

/** @typedef {import('../filemove.js').Move} Move */
/** @typedef {import('./parts.js').App} App */

/** @param {App} app */
export function files(app) {
  const shelf = new Shelf(app);
  app.shell.addTab({
    id: 'files',
    order: 30,
    icon: 'file',
    label: () => t('files.label'),
    badge: () => shelf.unseen.size,
    available: () => shelf.allowed || shelf.moves.length > 0,
    view: () => html`<${FilesView} shelf=${shelf} moves=${shelf.moves} />`,
    onOpen: (open) => shelf.setOpen(open),
  });
  new DropPlace(shelf);
  return shelf;
}

/** The transfers of this page, and the files that have come. */
class Shelf {
  /** @type {Move[]} */
  moves = [];
  /** @type {Map<number, File | Blob>} that have arrived, by their transfer */
  arrived = new Map();
  /** @type {Set<number>} transfers of which the person has not seen that they want something */
  unseen = new Set();
  /** @type {Set<number>} transfers whose file was not saved yet */
  #unsaved = new Set();
  #open = false;
  /** @type {Map<number, Move['state']>} */
  #before = new Map();

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    app.on('files', ({ moves }) => this.#hear(moves));
    app.on('arrived', ({ id, name, file }) => {
      this.arrived.set(id, file);
      this.#unsaved.add(id);
      this.#notify(id, t('files.came', { name }), 'good', { label: t('files.save'), run: () => this.save(id) });
    });
    // Who leaves loses what is on its way and what was not saved; the browser has its own words for that.
    window.addEventListener('beforeunload', (e) => {
      if (this.#unsaved.size > 0 || this.moves.some((m) => m.state === 'moving')) e.preventDefault();
    });
  }

  /** Whether this viewer may send and ask: it sees the screen, and no browser shares it, which cannot do this. */
  get allowed() {
    const { page } = this.app;
    return page.open && !page.presenter?.view_only && (page.viewers.find((v) => v.viewer === page.me)?.view ?? false);
  }

  /** @param {boolean} open */
  setOpen(open) {
    this.#open = open;
    if (!open) return;
    for (const id of this.unseen) this.app.shell.dismiss('file-' + id);
    this.unseen.clear();
    this.app.shell.update();
  }

  /** @param {Iterable<File>} list */
  send(list) {
    const files = Array.from(list, (file) => ({ name: file.name, file }));
    if (files.length === 0) return;
    this.app.post({ type: 'send', files });
    this.app.shell.openTab('files');
  }

  /**
   * @param {number} id 0 for a wish of its own
   * @param {'accept' | 'refuse' | 'cancel' | 'forget' | 'ask'} what
   */
  act(id, what) {
    this.app.post({ type: 'file', id, what });
    if (what !== 'forget') return;
    this.arrived.delete(id);
    this.#unsaved.delete(id);
  }

  /** @param {number} id */
  save(id) {
    const file = this.arrived.get(id);
    const move = this.moves.find((m) => m.id === id);
    if (file && move) save(file, move.name);
    this.#unsaved.delete(id);
    this.unseen.delete(id);
    this.app.shell.dismiss('file-' + id);
    this.app.shell.update();
  }

  /** @param {Move[]} moves */
  #hear(moves) {
    this.moves = moves;
    for (const m of moves) {
      const before = this.#before.get(m.id);
      this.#before.set(m.id, m.state);
      if (before === m.state) continue;
      if (m.state === 'offered') this.#notify(m.id, t('files.offered', { name: m.name, size: sizeOf(m.size) }), 'info', { label: t('files.open'), run: () => this.app.shell.openTab('files') }, 0);
      else if (m.state === 'failed' && m.reason !== 'stopped') this.#notify(m.id, t('files.failed', { name: titleOf(m), why: reasonOf(m) }), 'bad');
      else if (m.state === 'done' && m.up) this.#notify(m.id, t('files.went', { name: m.name }), 'good');
      else this.app.shell.dismiss('file-' + m.id);
    }
    for (const id of this.#before.keys()) {
      if (moves.some((m) => m.id === id)) continue;
      this.#before.delete(id);
      this.unseen.delete(id);
      this.app.shell.dismiss('file-' + id);
    }
    this.app.shell.update();
  }

  /**
   * @param {number} id
   * @param {string} text
   * @param {'info' | 'good' | 'bad'} mood
   * @param {{label: string, run: () => void}} [action]
   * @param {number} [ms]
   */
  #notify(id, text, mood, action, ms) {
    if (this.#open) {
      this.app.shell.say(text);
      return;
    }
    if (action) this.unseen.add(id);
    this.app.shell.notify({ id: 'file-' + id, text, mood, action, ms });
  }
}

/** Takes what is dragged from elsewhere onto the window. */
class DropPlace {
  #over = document.createElement('div');

  /** @param {Shelf} shelf */
  constructor(shelf) {
    this.shelf = shelf;
    this.#over.id = 'drop';
    this.#over.hidden = true;
    document.body.append(this.#over);
    // The overlay covers the window, so that leaving it is leaving the window.
    document.addEventListener('dragenter', (e) => this.#enter(e));
    this.#over.addEventListener('dragover', (e) => e.preventDefault());
    this.#over.addEventListener('dragleave', () => { this.#over.hidden = true; });
    this.#over.addEventListener('drop', (e) => this.#drop(e));
    // What falls beside it must not replace the page.
    for (const type of ['dragover', 'drop']) {
      document.addEventListener(type, (e) => {
        if (carriesFiles(/** @type {DragEvent} */ (e))) e.preventDefault();
      });
    }
  }

  /** @param {DragEvent} e */
  #enter(e) {
    if (!carriesFiles(e)) return;
    e.preventDefault();
    this.#over.textContent = t(this.shelf.allowed ? 'files.drop' : 'files.drop.not');
    this.#over.hidden = false;
  }

  /** @param {DragEvent} e */
  #drop(e) {
    e.preventDefault();
    this.#over.hidden = true;
    if (!e.dataTransfer || !this.shelf.allowed) return;
    const items = Array.from(e.dataTransfer.items ?? []).filter((i) => i.kind === 'file');
    // Only entries tell a folder from a file; where there are none, reading a folder fails later.
    const folders = items.filter((i) => i.webkitGetAsEntry?.()?.isDirectory).length;
    const list = folders === 0 ? Array.from(e.dataTransfer.files)
      : items.filter((i) => !i.webkitGetAsEntry?.()?.isDirectory).map((i) => i.getAsFile()).filter((f) => f !== null);
    if (folders > 0) this.shelf.app.shell.notify({ id: 'file-folder', text: t('files.folder'), mood: 'bad' });
    this.shelf.send(list);
  }
}

/** @param {DragEvent} e */
const carriesFiles = (e) => e.dataTransfer?.types.includes('Files') ?? false;

/** @param {{shelf: Shelf, moves: Move[]}} props */
function FilesView({ shelf, moves }) {
  const chooser = createRef();
  const { allowed } = shelf;
  return html`<div class="files">
    <div class="do">
      <input ref=${chooser} id="files-choose" type="file" multiple hidden onChange=${(/** @type {Event & {currentTarget: HTMLInputElement}} */ e) => {
        shelf.send(e.currentTarget.files ?? []);
        e.currentTarget.value = ''; // so that the same file can be chosen again
      }} />
      <button id="files-send" type="button" class="primary" disabled=${!allowed} onClick=${() => chooser.current?.click()}>${t('files.send')}</button>
      <button id="files-ask" type="button" disabled=${!allowed} onClick=${() => shelf.act(0, 'ask')}>${t('files.ask')}</button>
    </div>
    ${moves.length === 0 && html`<p class="empty">${t(allowed ? 'files.empty' : 'files.notyet')}</p>`}
    <ul>${[...moves].reverse().map((m) => html`<${MoveView} key=${m.id} shelf=${shelf} m=${m} />`)}</ul>
  </div>`;
}

/** @param {{shelf: Shelf, m: Move}} props */
function MoveView({ shelf, m }) {
  const title = titleOf(m);
  const act = (/** @type {'accept' | 'refuse' | 'cancel' | 'forget'} */ what, main = false) => html`<button type="button" data-act=${what}
    class=${main ? 'primary' : ''} aria-label=${t('files.act.label', { what: t('files.' + what), name: title })} onClick=${() => shelf.act(m.id, what)}>${t('files.' + what)}</button>`;
  const moving = m.state === 'moving' || m.state === 'checking';
  return html`<li class="move" data-state=${m.state} data-up=${m.up ? 'yes' : 'no'} data-name=${m.name}>
    <p class="name"><${Icon} name=${m.up ? 'send' : 'download'} /><span class="unseen">${t(m.up ? 'files.up' : 'files.down')}</span> <bdi>${title}</bdi></p>
    ${moving && html`<progress aria-label=${t('files.progress', { name: title })} max=${Math.max(m.size, 1)} value=${m.size === 0 ? 1 : m.at}></progress>`}
    <p class="does">${stateOf(m)}</p>
    <p class="acts">
      ${m.state === 'offered' && [act('accept', true), act('refuse')]}
      ${!over(m) && m.state !== 'offered' && act('cancel')}
      ${m.state === 'done' && !m.up && shelf.arrived.has(m.id) && html`<button type="button" data-act="save" class="primary" onClick=${() => shelf.save(m.id)}>${t('files.save')}</button>`}
      ${over(m) && act('forget')}
    </p>
  </li>`;
}

/** @param {Move} m */
const titleOf = (m) => m.name || t('files.unnamed');

/** @param {Move} m what is going on, in words */
function stateOf(m) {
  if (m.state === 'failed') return reasonOf(m);
  if (m.waiting) return t('files.state.waiting', { at: sizeOf(m.at), size: sizeOf(m.size) });
  if (m.state === 'moving') {
    const vars = { at: sizeOf(m.at), size: sizeOf(m.size), speed: sizeOf(m.speed) };
    if (m.speed < 1) return t('files.state.moving', vars);
    return t('files.state.speed', { ...vars, left: leftOf((m.size - m.at) / m.speed) });
  }
  return t('files.state.' + (m.state === 'asking' && m.name === '' ? 'choosing' : m.state === 'done' && !m.up ? 'came' : m.state), { size: sizeOf(m.size) });
}

/** @param {Move} m */
function reasonOf(m) {
  const key = `files.why.${m.reason}`;
  return t(hasText(key) ? key : 'files.why.failed');
}

/** @param {number} seconds */
function leftOf(seconds) {
  const { tag } = language();
  const [unit, size] = seconds < 90 ? ['second', 1] : seconds < 5400 ? ['minute', 60] : ['hour', 3600];
  return Math.max(Math.ceil(seconds / Number(size)), 1).toLocaleString(tag, { style: 'unit', unit: String(unit), unitDisplay: 'short' });
}
