// Shows a Page of state.js: the bar, the panel over the picture, the page's data attributes.
import { t } from '../shared/texts.js';

/** @typedef {import('./state.js').Page} Page */
/** @typedef {import('./state.js').Action} Action */

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function element(id, type) {
  const el = document.getElementById(id);
  if (!(el instanceof type)) throw new Error('the page lacks #' + id);
  return el;
}

/**
 * Sets a text only when it is another one, so that a live region does not repeat itself.
 * @param {HTMLElement} el
 * @param {string} text
 */
function setText(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

export class UI {
  #panelKey = '';

  /** @param {(action: Action | 'request' | 'mode' | 'fullscreen' | 'stats') => void} onAction */
  constructor(onAction) {
    this.onAction = onAction;
    this.bar = element('bar', HTMLElement);
    this.status = element('status', HTMLElement);
    this.who = element('who', HTMLElement);
    this.request = element('request', HTMLButtonElement);
    this.mode = element('mode', HTMLButtonElement);
    this.fullscreen = element('fullscreen', HTMLButtonElement);
    this.stats = element('stats-button', HTMLButtonElement);
    this.panel = element('panel', HTMLElement);
    this.title = element('panel-title', HTMLElement);
    this.text = element('panel-text', HTMLElement);
    this.says = element('panel-says', HTMLElement);
    this.actions = element('panel-actions', HTMLElement);
    this.notice = element('notice', HTMLElement);
    this.request.addEventListener('click', () => onAction('request'));
    this.mode.addEventListener('click', () => onAction('mode'));
    this.fullscreen.addEventListener('click', () => onAction('fullscreen'));
    this.stats.addEventListener('click', () => onAction('stats'));
    document.addEventListener('fullscreenchange', () => this.#showFullscreen());
    this.#showFullscreen();
    this.bar.setAttribute('aria-description', t('bar.keys'));
  }

  #showFullscreen() {
    setText(this.fullscreen, t(document.fullscreenElement ? 'bar.windowed' : 'bar.fullscreen'));
  }

  /** @param {'fit' | 'exact'} mode the one that is on; the button offers the other */
  showMode(mode) {
    setText(this.mode, t(mode === 'fit' ? 'bar.exact' : 'bar.fit'));
  }

  /** @param {Page} page */
  show(page) {
    const { dataset } = document.documentElement;
    dataset.state = page.state;
    dataset.detail = page.detail;
    dataset.control = page.control ? 'yes' : 'no';
    dataset.picture = page.picture;
    setText(this.status, page.status);
    this.bar.dataset.mood = page.mood;
    setText(this.who, page.who);
    document.title = t('title.viewer', { status: page.status });
    this.request.hidden = page.request === 'none';
    this.request.disabled = page.request === 'asking';
    if (page.request !== 'none') setText(this.request, t('bar.' + page.request));
    this.request.className = page.request === 'yield' ? '' : 'primary';
    this.mode.hidden = page.picture === 'none';
    this.fullscreen.hidden = page.picture === 'none' || !document.fullscreenEnabled;
    this.notice.hidden = page.detail !== 'paused';
    setText(this.notice, page.detail === 'paused' ? `${t('paused.title')}. ${t('paused.text')}` : '');
    this.#showPanel(page.panel);
  }

  /** @param {Page['panel']} panel */
  #showPanel(panel) {
    const key = JSON.stringify(panel);
    if (key === this.#panelKey) return;
    this.#panelKey = key;
    this.panel.hidden = panel === null;
    setText(this.title, panel?.title ?? '');
    setText(this.text, panel?.text ?? '');
    setText(this.says, panel?.says ?? '');
    this.says.hidden = !panel?.says;
    // No button gets the focus by itself: a key typed blindly must not answer a question.
    this.actions.replaceChildren(...(panel?.actions ?? []).map((action, i) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = t('action.' + action);
      button.dataset.action = action;
      button.className = i === 0 ? 'primary' : '';
      button.addEventListener('click', () => this.onAction(action));
      return button;
    }));
    this.actions.hidden = (panel?.actions.length ?? 0) === 0;
  }
}
