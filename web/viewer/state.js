// What the viewer page is at any moment, from the link's state, the relay's control messages and
// what was painted. Pure: messages in, a description of the page out; ui.js shows it.
//
// dataset.state and dataset.detail of the page are those of STATES.
import { Close, VIEW_ONLY } from '../shared/wire.js';
import { hasText, t } from '../shared/texts.js';
import { Choice, MAX_MONITORS } from './monitors.js';

/** @typedef {import('../shared/wire.js').Control} Control */
/** @typedef {import('../shared/wire.js').ViewerState} ViewerState */
/** @typedef {import('../shared/transport.js').LinkState} LinkState */

/** @typedef {'continue' | 'again' | 'home' | 'here' | 'retry' | 'new' | 'now' | 'leave' | 'log'} Action */
/**
 * @typedef {object} Page
 * @property {'joining' | 'waiting' | 'live' | 'ended' | 'error'} state
 * @property {string} detail
 * @property {boolean} control this viewer holds control
 * @property {boolean} input its input is wanted right now
 * @property {'none' | 'shown' | 'dimmed'} picture
 * @property {{title: string, text: string, says: string, actions: Action[]} | null} panel
 * @property {string} status
 * @property {'good' | 'busy' | 'bad'} mood of the status
 * @property {string} who
 * @property {'none' | 'ask' | 'asking' | 'yield'} request what the control button does
 * @property {boolean} open there is a connection, and its state is known
 * @property {number} me this viewer's number; 0 = none yet
 * @property {boolean} points what this viewer does over the picture can be pointing: a browser shares it
 * @property {ViewerState[]} viewers as the relay told last
 * @property {import('../shared/wire.js').PresenterState | null} presenter
 * @property {import('../shared/wire.js').Monitor[]} monitors of the desktop, known to who may see it
 * @property {number} stream that this viewer is sent: of all monitors together (0), or of one
 */

/** Every state and its details. Who adds one adds a scene to internal/e2e/scenes_test.go. */
export const STATES = Object.freeze({
  joining: ['connecting', 'retrying', 'busy', 'draining', 'reconnecting'], // reconnecting: the last picture stays, dimmed
  waiting: ['no-presenter', 'presenter-away', 'presenter-left', 'asking', 'denied', 'revoked', 'picture', 'replaced'],
  live: ['', 'asking', 'denied', 'paused', 'replaced'], // asking, denied: control
  ended: ['ended', 'expired', 'blocked', 'taken'],
  error: ['unknown', 'blocked', 'full', 'pin', 'data', 'other'],
});

// Details in which the last picture stays, dimmed, until there is a new one.
const KEEPS = new Set(['reconnecting', 'busy', 'draining', 'presenter-away', 'picture']);

export class Model {
  /** @type {LinkState} */
  #link = { phase: 'joining' };
  /** @type {{state: 'ended' | 'error', detail: string, reason: string} | null} */
  #end = null;
  #wasOpen = false;
  #sockets = 0;
  #me = 0;
  /** @type {Control | null} the newest state of this socket */
  #state = null;
  epoch = 0;
  #painted = false;
  #kept = false; // the canvas holds a picture that this viewer was allowed to see
  #refusedView = { is: false, blocked: false };
  #refusedControl = { is: false, blocked: false };
  #asked = ''; // the socket and epoch in which view was asked for
  #seenPresenter = false;
  #choice = new Choice();

  /** @param {LinkState} link */
  onLink(link) {
    this.#link = link;
    if (link.phase === 'open') {
      this.#wasOpen = true;
      this.#sockets++;
      this.#state = null;
    }
    if (link.phase !== 'over' || this.#end) return;
    switch (link.code) {
      case Close.Replaced: this.#end = { state: 'ended', detail: 'taken', reason: '' }; break;
      case Close.Blocked: this.#end = { state: 'ended', detail: 'blocked', reason: '' }; break;
      case Close.Full: this.#end = { state: 'error', detail: 'full', reason: '' }; break;
      case 'unknown_session':
        // A session that was there before has ended meanwhile.
        this.#end = this.#wasOpen ? { state: 'ended', detail: 'ended', reason: 'meanwhile' } : { state: 'error', detail: 'unknown', reason: '' };
        break;
      case 'blocked': this.#end = { state: 'error', detail: 'blocked', reason: '' }; break;
      default:
        this.#end = typeof link.code === 'number' ? { state: 'ended', detail: 'ended', reason: '' }
          : { state: 'error', detail: 'other', reason: link.code };
    }
  }

  /**
   * There is no link, or no more.
   * @param {'pin' | 'data'} detail
   */
  fail(detail) {
    this.#end = { state: 'error', detail, reason: '' };
  }

  /**
   * Takes a control message.
   * @param {Control} c
   * @returns {Control[]} what is to be sent now
   */
  onControl(c) {
    switch (c.type) {
      case 'welcome':
        this.#me = c.viewer ?? 0;
        this.#newEpoch(c.epoch ?? 0);
        this.#painted = false; // a new socket gets a key first
        break;
      case 'state':
        this.#newEpoch(c.epoch ?? 0);
        this.#state = c;
        if (c.presenter?.attached) this.#seenPresenter = true;
        if (this.#mine().view) this.#refusedView = { is: false, blocked: false };
        else this.#painted = this.#kept = false; // revoked: the picture goes
        if (this.#mine().control || this.#mine().asking === 'control') this.#refusedControl = { is: false, blocked: false };
        return [...this.#autoAsk(), ...this.mayView ? this.#choice.told(this.stream, this.#monitors(), this.#now()) : []];
      case 'refused':
        if (c.reason === VIEW_ONLY || c.elevate) break; // nobody was asked: the state says why; or elevate.js does
        if (c.control) this.#refusedControl = { is: true, blocked: c.blocked ?? false };
        else this.#refusedView = { is: true, blocked: c.blocked ?? false };
        break;
      case 'ended':
        this.#end = { state: 'ended', detail: c.reason === 'expired' ? 'expired' : 'ended', reason: c.reason ?? '' };
        break;
    }
    return [];
  }

  /** @param {number} epoch */
  #newEpoch(epoch) {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.#painted = false;
    this.#refusedView = { is: false, blocked: false };
    this.#refusedControl = { is: false, blocked: false };
  }

  /** @returns {ViewerState} */
  #mine() {
    return this.#state?.viewers?.find((v) => v.viewer === this.#me) ?? { viewer: this.#me };
  }

  /** What is done once a socket and epoch is noted by this. */
  #now() {
    return `${this.#sockets}/${this.epoch}`;
  }

  #monitors() {
    return this.#state?.presenter?.monitors?.slice(0, MAX_MONITORS) ?? [];
  }

  /** Whether a browser shares: it cannot be controlled. */
  get #viewOnly() {
    return (this.#state?.presenter?.attached && this.#state.presenter.view_only) ?? false;
  }

  /** Asks for view once a socket and epoch, when there is someone to ask. */
  #autoAsk() {
    const mine = this.#mine();
    const now = this.#now();
    if (this.#asked === now || !this.#state?.presenter?.attached || mine.view || mine.held || mine.asking === 'view') return [];
    this.#asked = now;
    return [{ type: 'ask' }];
  }

  /** A picture of this socket, epoch and grant is on the canvas. */
  onPainted() {
    if (this.#link.phase === 'open') this.#painted = this.#kept = true;
  }

  /** The last picture is not to be seen any more, even dimmed. */
  dropPicture() {
    this.#painted = this.#kept = false;
  }

  /** Whether this viewer has the view grant. Without it the relay sends no picture. */
  get mayView() {
    return this.#mine().view ?? false;
  }

  /** The stream that the relay sends; see Page. */
  get stream() {
    return this.#mine().stream ?? 0;
  }

  /**
   * The person wants to see a stream.
   * @param {number} stream
   * @returns {Control[]}
   */
  watch(stream) {
    return this.mayView && stream !== this.stream ? this.#choice.choose(stream, this.#monitors(), this.#now()) : [];
  }

  /** The person asks for view again after a refusal. @returns {Control[]} */
  askView() {
    if (this.#refusedView.blocked || this.#mine().view) return [];
    this.#refusedView = { is: false, blocked: false };
    return [{ type: 'ask' }];
  }

  /** The control button. @returns {Control[]} */
  requestControl() {
    const mine = this.#mine();
    if (mine.control) return [{ type: 'yield' }];
    if (!mine.view || mine.held || this.#viewOnly || this.#refusedControl.blocked || mine.asking === 'control') return [];
    this.#refusedControl = { is: false, blocked: false };
    return [{ type: 'ask', control: true }];
  }

  /** The person goes on with the computer that shares now. @returns {Control[]} */
  goOn() {
    return this.#mine().held ? [{ type: 'continue', epoch: this.epoch }] : [];
  }

  /** @returns {Page} */
  page() {
    const mine = this.#mine();
    const { state, detail } = this.#stateAndDetail(mine);
    const open = this.#link.phase === 'open' && !this.#end;
    const control = open && (mine.control ?? false);
    return {
      state, detail, control,
      input: control && state === 'live' && detail !== 'paused' && detail !== 'replaced',
      picture: state === 'live' ? 'shown' : this.#kept && KEEPS.has(detail) ? 'dimmed' : 'none',
      panel: this.#panel(state, detail),
      ...this.#status(state, detail),
      points: open && state === 'live' && detail !== 'replaced' && this.#viewOnly,
      who: open && this.#state?.presenter?.attached ? this.#who() : '',
      open: open && this.#state !== null,
      me: this.#me,
      viewers: this.#state?.viewers ?? [],
      presenter: this.#state?.presenter ?? null,
      monitors: this.#monitors(),
      stream: this.stream,
      request: !open || state !== 'live' || detail === 'replaced' || this.#viewOnly ? 'none'
        : control ? 'yield' : mine.asking === 'control' ? 'asking' : this.#refusedControl.blocked ? 'none' : 'ask',
    };
  }

  /**
   * @param {ViewerState} mine
   * @returns {{state: Page['state'], detail: string}}
   */
  #stateAndDetail(mine) {
    if (this.#end) return this.#end;
    const link = this.#link;
    if (link.phase !== 'open' || !this.#state) {
      if (link.phase === 'retrying' && link.problem === 'too_many_requests') return { state: 'joining', detail: 'busy' };
      if (link.phase !== 'retrying') return { state: 'joining', detail: this.#wasOpen ? 'reconnecting' : 'connecting' };
      return { state: 'joining', detail: link.problem === 'draining' ? 'draining' : this.#wasOpen ? 'reconnecting' : 'retrying' };
    }
    const live = this.#painted && mine.view;
    if (!this.#state.presenter?.attached) {
      if (this.#state.presenter?.left) return { state: 'waiting', detail: 'presenter-left' };
      return { state: 'waiting', detail: this.#seenPresenter || this.epoch !== 0 ? 'presenter-away' : 'no-presenter' };
    }
    if (mine.held) return { state: live ? 'live' : 'waiting', detail: 'replaced' };
    if (!mine.view) return { state: 'waiting', detail: this.#refusedView.is ? 'denied' : mine.why === 'guest' && mine.asking !== 'view' ? 'revoked' : 'asking' };
    if (!live) return { state: 'waiting', detail: 'picture' };
    if (mine.asking === 'control') return { state: 'live', detail: 'asking' };
    if (this.#state.question && mine.control) return { state: 'live', detail: 'paused' };
    return { state: 'live', detail: this.#refusedControl.is && !mine.control ? 'denied' : '' };
  }

  /**
   * @param {Page['state']} state
   * @param {string} detail
   * @returns {Page['panel']}
   */
  #panel(state, detail) {
    const name = this.#state?.presenter?.name ?? '';
    const says = state === 'waiting' && detail !== 'replaced' && name !== '' ? t('presenter.says', { name }) : '';
    /** @type {(title: string, text: string, actions?: Action[]) => Page['panel']} */
    const panel = (title, text, actions = []) => ({ title, text, says, actions });
    if (detail === 'replaced') {
      return panel(name ? t('replaced.title', { name }) : t('replaced.unnamed'), t('replaced.text'), ['continue']);
    }
    if (state === 'live') return null;
    if (state === 'ended') {
      const text = detail === 'ended' && hasText('ended.' + this.#end?.reason) ? t('ended.' + this.#end?.reason)
        : t(detail === 'ended' ? 'ended.text' : 'ended.' + detail);
      return panel(t(detail === 'blocked' ? 'error.blocked.title' : 'ended.title'), text, detail === 'taken' ? ['here', 'home'] : detail === 'blocked' ? ['home'] : ['new', 'home']);
    }
    if (state === 'error') {
      const code = this.#end?.reason ?? '', known = 'error.code.' + code; // some codes have words of their own
      return panel(t(`error.${detail}.title`), t(detail === 'other' && hasText(known) ? known : `error.${detail}.text`, { code }), detail === 'other' || detail === 'full' || detail === 'data' ? ['retry', 'home'] : ['home']);
    }
    if (detail === 'connecting') return panel(t('joining.title'), t('joining.text'));
    if (detail === 'busy') {
      const seconds = this.#link.phase === 'retrying' ? Math.ceil(this.#link.delay / 1000) : 1;
      return panel(t('busy.title'), t('busy.text', { seconds }));
    }
    if (detail === 'denied') {
      const { blocked } = this.#refusedView;
      return panel(t('denied.title'), t(blocked ? 'denied.blocked' : 'denied.text'), blocked ? ['home'] : ['again']);
    }
    return panel(t(detail + '.title'), t(detail + '.text'), detail === 'revoked' ? ['again'] : []);
  }

  /**
   * @param {Page['state']} state
   * @param {string} detail
   * @returns {{status: string, mood: Page['mood']}}
   */
  #status(state, detail) {
    if (state === 'live') {
      if (detail === 'paused' || detail === 'denied') return { status: t('status.' + detail), mood: 'busy' };
      return detail === 'replaced' ? { status: t('status.waiting'), mood: 'busy' } : { status: t('status.live'), mood: 'good' };
    }
    if (state === 'joining') {
      const key = detail === 'reconnecting' || detail === 'draining' ? 'status.reconnecting' : detail === 'connecting' ? 'status.joining' : 'status.retrying';
      return { status: t(key), mood: 'busy' };
    }
    return { status: t('status.' + state), mood: state === 'waiting' ? 'busy' : 'bad' };
  }

  #who() {
    if (this.#viewOnly) return this.mayView ? t('who.browser') : '';
    // One that is away keeps control for a minute, but does not control meanwhile.
    const holder = this.#state?.viewers?.find((v) => v.control && v.online);
    if (!holder) return t('who.nobody');
    if (holder.viewer === this.#me) return t('who.me');
    if (!holder.name) return t('who.unnamed', { number: holder.viewer });
    return t('who.other', { name: holder.twin ? t('who.twin', { name: holder.name, number: holder.viewer }) : holder.name });
  }
}
