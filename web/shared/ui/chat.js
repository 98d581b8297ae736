// What is said in the session, shown and written, with shared/chat.js. The viewer has it in a tab, the
// guest's page beside the rest.
import { Chat } from '../chat.js';
import { Component, createRef, html } from '../html.js';
import { chatPrefix, loadSeen, saveSeen } from '../stored.js';
import { hasText, language, t } from '../texts.js';
import { parts, transcript } from '../transcript.js';
import { Icon } from './icons.js';
import { nameOf } from './names.js';
import { dated, save } from './save.js';

/** @typedef {import('../wire.js').ChatLine} ChatLine */
/** @typedef {import('../wire.js').Control} Control */
/** @typedef {import('../chat.js').Unheard} Unheard */
/**
 * What the chat needs of its page.
 * @typedef {object} Place
 * @property {string} pin
 * @property {{open: boolean, viewers: import('../wire.js').ViewerState[], me: number}} page the newest;
 *   me: the own viewer's number, 0 on the guest's page
 * @property {Desk} shell
 * @property {(control: Control) => void} send
 * @property {(type: 'control' | 'page', hear: (message: any) => void) => void} on {control: Control} from the relay, {page} after a change
 * @property {() => number} [to] the waiting viewer that lines are for; 0: for all that may see
 */
/**
 * Where notices of it go.
 * @typedef {object} Desk
 * @property {() => void} update it has to be drawn anew
 * @property {(text: string) => void} say
 * @property {(notice: import('./notices.js').Notice) => void} notify
 * @property {(id: string) => void} dismiss
 * @property {(id: string) => void} openTab
 */

const SHORT = 120; // characters of a line in a notice
const MOST_RUNES = 2000; // as the relay has it
const NEAR = 40; // CSS pixels from the end: new lines are followed

const word = () => crypto.getRandomValues(new Uint32Array(2)).reduce((s, n) => s + n.toString(36), '').slice(0, 12);

/** The chat of this page, and what became of what shows it. */
export class Talk {
  draft = '';
  #open = false;
  #saving = false;

  /** @param {Place} app */
  constructor(app) {
    this.app = app;
    this.chat = new Chat(chatPrefix(app.pin, word), word().slice(0, 6), loadSeen(app.pin));
    app.on('control', ({ control }) => this.#hear(control));
    app.on('page', ({ page }) => {
      if (page.open) return;
      this.chat.onClosed();
      if (this.#saving) this.#save();
    });
    document.addEventListener('visibilitychange', () => this.#look());
  }

  /** @param {boolean} open */
  setOpen(open) {
    this.#open = open;
    this.#look();
  }

  /** @param {Control[]} controls */
  send(controls) {
    controls.forEach((c) => this.app.send(c));
    this.app.shell.update();
  }

  /**
   * @param {string} text
   * @returns {boolean} whether it was taken
   */
  say(text) {
    const before = this.chat.unheard.length;
    this.send(this.chat.say(text, this.app.to?.() || undefined));
    return this.chat.unheard.length > before;
  }

  /** Saves all lines as a text file; those that are not here yet are asked for first. */
  save() {
    const older = this.chat.older();
    if (older.length === 0 || !this.app.page.open) this.#save();
    else {
      this.#saving = true;
      this.send(older);
    }
  }

  #save() {
    this.#saving = false;
    save(new Blob([transcript(this.chat.lines)], { type: 'text/plain;charset=utf-8' }), dated(t('chat.file'), 'txt'));
  }

  /** What is shown is seen, if there is somebody who sees the page. */
  #look() {
    if (!this.#open || document.hidden) return;
    saveSeen(this.app.pin, this.chat.see());
    this.app.shell.dismiss('chat');
    this.app.shell.update();
  }

  /** @param {Control} control */
  #hear(control) {
    const { chat } = this;
    const before = chat.newest;
    this.send(chat.onControl(control));
    if (control.type !== 'chat') return;
    if (this.#saving) this.save();
    const { newest } = chat;
    this.#look();
    if (!newest || newest === before) return;
    const text = t('chat.says', { name: speaker(this.app, newest), text: newest.text.length > SHORT ? newest.text.slice(0, SHORT) + '…' : newest.text });
    if (this.#open) this.app.shell.say(text);
    else this.app.shell.notify({ id: 'chat', text, action: { label: t('chat.open'), run: () => this.app.shell.openTab('chat') } });
  }
}

/**
 * Who said a line. Names are what people say of themselves, so the guest is always marked.
 * @param {Place} app
 * @param {ChatLine} line
 */
function speaker(app, line) {
  if (!line.viewer) return line.name ? t('chat.from.named', { name: line.name }) : t('chat.from.presenter');
  const now = app.page.viewers.find((v) => v.viewer === line.viewer);
  const name = now && now.name === line.name ? nameOf(now) : line.name || t('chat.from.viewer', { number: line.viewer });
  return line.waiting === line.viewer ? t('chat.from.waiting', { name }) : name;
}

/** The lines, and where one is written; calm: it does not take the focus when it comes. @extends {Component<{talk: Talk, lines: ChatLine[], calm?: boolean}>} */
export class ChatView extends Component {
  list = createRef();
  field = createRef();

  componentDidMount() {
    const list = /** @type {HTMLElement} */ (this.list.current);
    list.scrollTop = list.scrollHeight;
    if (!this.props.calm) this.field.current?.focus({ preventScroll: true });
  }

  /** Where the list stood: at its end, or so far from it. */
  getSnapshotBeforeUpdate() {
    const list = /** @type {HTMLElement} */ (this.list.current);
    return { height: list.scrollHeight, atEnd: list.scrollHeight - list.scrollTop - list.clientHeight < NEAR, first: /** @type {HTMLElement | null} */ (list.querySelector('.line'))?.dataset.id };
  }

  /**
   * @param {unknown} _props
   * @param {unknown} _state
   * @param {any} was of getSnapshotBeforeUpdate
   */
  componentDidUpdate(_props, _state, was) {
    const list = /** @type {HTMLElement} */ (this.list.current);
    const first = /** @type {HTMLElement | null} */ (list.querySelector('.line'))?.dataset.id;
    if (was.atEnd) list.scrollTop = list.scrollHeight;
    else if (first !== was.first) list.scrollTop += list.scrollHeight - was.height; // older lines came above
  }

  render() {
    const { talk, lines } = this.props;
    const { chat, app } = talk;
    const { open } = app.page;
    const mine = app.page.viewers.find((v) => v.viewer === app.page.me);
    return html`<div class="chat">
      <div ref=${this.list} class="lines" role="group" aria-label=${t('chat.lines')} tabindex="0">
        ${chat.more && open && html`<button type="button" class="older" onClick=${() => talk.send(chat.older())}>${t('chat.older')}</button>`}
        ${lines.length === 0 && chat.unheard.length === 0 && html`<p class="empty">${t('chat.empty')}</p>`}
        ${lines.map((line) => {
          const mine = chat.isMine(line);
          return html`<${LineView} key=${line.id} line=${line} mine=${mine} from=${mine ? t('chat.from.me') : speaker(app, line)} only=${onlyFor(app, line)} />`;
        })}
        ${chat.unheard.map((line) => html`<${UnheardView} key=${line.client} talk=${talk} line=${line} open=${open} />`)}
      </div>
      <form class="write" onSubmit=${(/** @type {Event} */ e) => {
        e.preventDefault();
        this.#send();
      }}>
        ${open && mine && !mine.view && html`<p class="hint">${t('chat.waiting')}</p>`}
        <textarea ref=${this.field} id="chat-field" rows="2" maxlength=${MOST_RUNES} dir="auto" enterkeyhint="send" aria-label=${t('chat.write')} placeholder=${t('chat.write')} title=${t('chat.hint')}
          onInput=${(/** @type {InputEvent & {currentTarget: HTMLTextAreaElement}} */ e) => { talk.draft = e.currentTarget.value; }}
          onKeyDown=${(/** @type {KeyboardEvent} */ e) => this.#key(e)}>${talk.draft}</textarea>
        <div class="foot">
          <button type="button" class="plain" title=${t('chat.save')} aria-label=${t('chat.save')} disabled=${lines.length === 0} onClick=${() => talk.save()}><${Icon} name="download" /></button>
          <button id="chat-send" type="submit" class="primary">${t('chat.send')}</button>
        </div>
      </form>
    </div>`;
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    // Enter that ends a composition of an input method is not meant for us; Safari tells of it
    // after the composition, by the code 229.
    if (e.key !== 'Enter' || e.shiftKey || e.isComposing || e.keyCode === 229) return;
    e.preventDefault();
    this.#send();
  }

  #send() {
    const field = /** @type {HTMLTextAreaElement} */ (this.field.current);
    const { talk } = this.props;
    const list = /** @type {HTMLElement} */ (this.list.current);
    if (talk.say(field.value)) {
      field.value = talk.draft = '';
      list.scrollTop = list.scrollHeight;
    } else if (field.value.trim() !== '') {
      talk.app.shell.notify({ id: 'chat-full', text: t('chat.full'), mood: 'busy' });
    }
    field.focus();
  }
}

/**
 * That a line is for one waiting viewer only, another one; else ''.
 * @param {Place} app
 * @param {ChatLine} line
 */
function onlyFor(app, line) {
  const to = line.waiting && !line.viewer ? app.page.viewers.find((v) => v.viewer === line.waiting) : undefined;
  return to && to.viewer !== app.page.me ? t('chat.from.private', { name: nameOf(to) }) : '';
}

/**
 * Drawn anew only when it reads otherwise: there may be thousands, and the page draws often.
 * @extends {Component<{line: ChatLine, mine: boolean, from: string, only: string}>}
 */
class LineView extends Component {
  /** @param {this['props']} next */
  shouldComponentUpdate(next) {
    const { line, mine, from, only } = this.props;
    return next.line !== line || next.mine !== mine || next.from !== from || next.only !== only;
  }

  render() {
    const { line, mine, from, only } = this.props;
    const { tag } = language();
    const at = new Date(line.time);
    const today = at.toDateString() === new Date().toDateString();
    return html`<div class="line" data-id=${line.id} data-mine=${mine ? 'yes' : undefined}>
      <p class="from"><span class="name" dir="auto">${from}</span>
        ${only && html`<span>${only}</span>`}
        <time datetime=${at.toISOString()}>${at.toLocaleString(tag, today ? { timeStyle: 'short' } : { dateStyle: 'short', timeStyle: 'short' })}</time></p>
      <p class="text" dir="auto">${parts(line.text).map((part) => (part.href ? html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>` : part.text))}</p>
    </div>`;
  }
}

/** @param {{talk: Talk, line: Unheard, open: boolean}} props */
function UnheardView({ talk, line, open }) {
  const { chat } = talk;
  const why = 'chat.unsaid.' + line.problem;
  return html`<div class="line" data-mine="yes" data-unheard="yes">
    <p class="text" dir="auto">${line.text}</p>
    <p class="state" role="status">${line.problem ? t(hasText(why) ? why : 'chat.unsaid') : t(open ? 'chat.sending' : 'chat.kept')}</p>
    ${line.problem && html`<p class="foot">
      <button type="button" onClick=${() => talk.send(chat.again(line.client))}>${t('chat.again')}</button>
      <button type="button" onClick=${() => {
        chat.drop(line.client);
        talk.app.shell.update();
      }}>${t('chat.drop')}</button>
    </p>`}
  </div>`;
}
