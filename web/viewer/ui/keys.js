// The Keys menu: keys that the browser keeps, the strip of keys, the clipboard typed as keys, what
// a touch means.
import { html, render } from '../../shared/html.js';
import { loadTouch, saveTouch } from '../../shared/stored.js';
import { t } from '../../shared/texts.js';
import { CHORDS, STICKY, STRIP } from '../specialkeys.js';
import { MOST, Typist } from '../typist.js';
import { element } from '../../shared/ui/element.js';
import { Icon } from '../../shared/ui/icons.js';
import { rove } from './roving.js';

/** @typedef {import('./parts.js').App} App */

/** @param {App} app */
export function keys(app) {
  const { shell, input } = app;
  const strip = new Strip(app);
  const typing = new Typing(app);
  shell.addEntries('keys', {
    order: 10,
    title: () => t('keys.send'),
    entries: () => CHORDS.map(({ name, codes }) => ({ id: 'key-' + name, label: t('keys.' + name), run: () => input.keyboard.chord(codes) })),
  });
  shell.addEntries('keys', {
    order: 20,
    entries: () => [
      { id: 'keys-type', label: t('keys.type'), run: () => { typing.ask(); } },
      { id: 'keys-strip', label: t('keys.strip'), checked: strip.open, run: () => strip.toggle() },
    ],
  });
  const touch = input.touch;
  touch.mode = loadTouch();
  shell.addEntries('keys', {
    order: 30,
    title: () => t('touch.title'),
    entries: () => (touch.available ? /** @type {const} */ (['direct', 'trackpad']) : []).map((mode) => ({
      id: 'touch-' + mode,
      label: t('touch.' + mode),
      one: true,
      checked: touch.mode === mode,
      run: () => {
        touch.mode = mode;
        saveTouch(mode);
      },
    })),
  });
  shell.addTool({
    id: 'glass',
    order: 26,
    look: () => (app.page.control && touch.available ? { label: t('keys.glass'), icon: 'glass', pressed: touch.glass } : null),
    run: () => {
      touch.glass = !touch.glass;
      if (touch.glass) strip.show(true);
    },
  });
  touch.onChange = () => shell.update();
  input.onSticky = () => strip.draw();
  app.on('page', ({ page }) => {
    if (!page.input) typing.stop();
    strip.draw();
  });
  hintOfKeptKeys(app);
}

/**
 * Chromium gives pages all keys in full screen; other browsers keep some, which the menu has.
 * @param {App} app
 */
function hintOfKeptKeys({ shell }) {
  const lockable = 'keyboard' in navigator;
  let said = false;
  document.addEventListener('fullscreenchange', () => {
    if (said || !document.fullscreenElement || lockable) return;
    said = true;
    shell.notify({ id: 'kept', text: t('keys.kept') });
  });
  // What is not full screen keeps more: the menu says so.
  shell.addEntries('keys', {
    order: 40,
    entries: () => (document.fullscreenElement || !document.fullscreenEnabled || matchMedia('(pointer: coarse)').matches ? [] : [{
      id: 'keys-all',
      label: t('keys.all'),
      below: t(lockable ? 'keys.all.hint' : 'keys.all.some'),
      run: () => document.getElementById('fullscreen')?.click(),
    }]),
  });
}

/** Keys on the page: modifiers that stay, and what keyboards on glass lack. */
class Strip {
  open = false;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.root = element('strip', HTMLElement);
    // A pressed button must not take the keyboard from the picture: the glass one would close.
    this.root.addEventListener('pointerdown', (e) => e.preventDefault());
    this.root.addEventListener('mousedown', (e) => e.preventDefault());
  }

  toggle() {
    this.show(!this.open);
  }

  /** @param {boolean} open */
  show(open) {
    this.open = open;
    this.draw();
    this.app.shell.update();
  }

  draw() {
    const visible = this.open && this.app.page.control;
    this.root.hidden = !visible;
    render(visible ? html`<${Keys} app=${this.app} close=${() => this.show(false)} />` : null, this.root);
  }
}

/** @param {{app: App, close: () => void}} props */
function Keys({ app: { input }, close }) {
  const { keyboard } = input;
  return html`
    <div role="toolbar" aria-label=${t('keys.strip')} class="row" onKeyDown=${(/** @type {KeyboardEvent & {currentTarget: HTMLElement}} */ e) => rove(e, e.currentTarget, 'button', 'row')}>
      ${STICKY.map(({ name, code }) => html`<button key=${code} id=${'strip-' + name} type="button" class="sticky" data-how=${keyboard.stuck(code) ?? ''}
        aria-pressed=${String(keyboard.stuck(code) !== null)} title=${t('keys.sticky')} onClick=${() => keyboard.stick(code)}>${t('keys.' + name)}</button>`)}
      ${STRIP.map(({ name, code }) => html`<button key=${code} id=${'strip-' + name} type="button" aria-label=${name in ARROWS ? t('keys.name.' + name) : undefined}
        onClick=${() => keyboard.tap(code)}>${label(name)}</button>`)}
    </div>
    <button id="strip-close" type="button" class="plain" aria-label=${t('keys.strip.close')} onClick=${close}><${Icon} name="close" /></button>`;
}

const ARROWS = /** @type {Record<string, string>} */ ({ left: '←', up: '↑', down: '↓', right: '→' });
/** @param {string} name */
const label = (name) => ARROWS[name] ?? (/^F\d+$/.test(name) ? name : t('keys.' + name));

/** The clipboard's text, typed as keys: for log-in screens and consoles that paste nothing. */
class Typing {
  #said = -1; // quarter that was told last

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.dialog = element('typing', HTMLDialogElement);
    this.typist = new Typist((text) => app.input.keyboard.text(text), {
      setTimeout: (f, ms) => window.setTimeout(f, ms),
      clearTimeout: (id) => window.clearTimeout(id),
    }, (progress, stopped) => this.#show(progress, stopped));
    this.dialog.addEventListener('close', () => {
      render(null, this.dialog);
      app.shell.on.back();
    });
  }

  stop() {
    this.typist.stop();
    if (this.dialog.open) this.dialog.close();
  }

  /** Types what the clipboard has; where the page may not read it, the person pastes it. */
  async ask() {
    let text = '';
    try {
      text = await navigator.clipboard.readText();
    } catch {
      // not https, or the person or the browser said no
    }
    if (text === '') this.#askByHand();
    else this.#start(text);
  }

  #askByHand() {
    const done = (/** @type {Event} */ e) => {
      e.preventDefault();
      const { value } = element('typing-text', HTMLTextAreaElement);
      this.dialog.close();
      if (value !== '') this.#start(value);
    };
    render(html`
      <form onSubmit=${done}>
        <h2 id="typing-title">${t('typing.title')}</h2>
        <p id="typing-hint">${t('typing.hint')}</p>
        <textarea id="typing-text" rows="6" aria-labelledby="typing-title" aria-describedby="typing-hint" spellcheck=${false} autocomplete="off"></textarea>
        <div class="actions">
          <button type="button" onClick=${() => this.dialog.close()}>${t('typing.cancel')}</button>
          <button id="typing-go" type="submit" class="primary">${t('typing.go')}</button>
        </div>
      </form>`, this.dialog);
    this.dialog.showModal();
    element('typing-text', HTMLTextAreaElement).focus();
  }

  /** @param {string} text */
  #start(text) {
    this.#said = -1;
    if (this.app.input.on && this.typist.start(text)) return;
    this.app.shell.notify({ id: 'typing', text: t('typing.most', { n: MOST }), mood: 'bad' });
  }

  /** @param {import('../typist.js').Progress | null} progress @param {boolean} stopped */
  #show(progress, stopped) {
    const { shell } = this.app;
    if (!progress) {
      shell.notify({ id: 'typing', text: t(stopped ? 'typing.stopped' : 'typing.done'), mood: stopped ? 'busy' : 'good' });
      return;
    }
    const quarter = Math.floor(4 * progress.done / progress.total);
    if (quarter === this.#said) return; // each notice is read out
    this.#said = quarter;
    shell.notify({
      id: 'typing', text: t('typing.progress', { done: progress.done, total: progress.total }), mood: 'busy', ms: 0, fixed: true,
      action: { label: t('typing.stop'), run: () => this.typist.stop() },
    });
  }
}
