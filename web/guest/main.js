// The guest's page, /help#PIN: shares this screen from the browser, asks for each technician, says who
// watches, and ends with what was done. course.js says what the page is, ui/ shows it, share.js and
// the worker behind it do the sharing.
import { html, render } from '../shared/html.js';
import { pinOfFragment } from '../shared/pin.js';
import { loadName, loadRecord, loadShared, saveName, saveRecord, saveShared } from '../shared/stored.js';
import { t } from '../shared/texts.js';
import { browser } from '../shared/transport.js';
import { Talk } from '../shared/ui/chat.js';
import { element } from '../shared/ui/element.js';
import { nameOf } from '../shared/ui/names.js';
import { NoticeBoard, Notices } from '../shared/ui/notices.js';
import { dated, save } from '../shared/ui/save.js';
import { request } from '../site/api.js';
import { startPage } from '../site/page.js';
import { courseOf, endOf } from './course.js';
import { Log } from './log.js';
import { archOf, programFor } from './programs.js';
import { Record } from './record.js';
import { report } from './report.js';
import { canShare, pick, Share } from './share.js';
import { refusal, systemOf, waysOf } from './system.js';
import { takeBack } from './takeback.js';
import texts from './texts/en.js';
import { View } from './ui/view.js';

/** @typedef {import('./messages.js').FromWorker} FromWorker */
/** @typedef {import('./messages.js').SharePage} SharePage */

const LOOK_EVERY = 5000; // ms: whether somebody waits or shares, while this page has no connection
const WATCH_EVERY = 1500; // ms: who watches and controls while the guest's program shares

const service = await startPage({ en: texts, load: (tag) => import(`./texts/${tag}.js`) });

/** Everything that the views show, and what they can have done. */
export class Guest extends NoticeBoard {
  pin = pinOfFragment(location.hash) ?? '';
  name = loadName();
  service = service;
  ways = waysOf({
    system: systemOf({
      userAgent: navigator.userAgent,
      platform: /** @type {any} */ (navigator).userAgentData?.platform,
      touchPoints: navigator.maxTouchPoints,
    }),
    canShare: canShare(),
    secure: isSecureContext,
  });
  /** @type {import('./programs.js').Program | null} what this broker hands out for this system */
  program = null;
  record = Record.of(loadRecord(this.pin));
  organisation = this.record.organisation;
  /** how many technicians wait, as the API says; null: not known */
  waiting = /** @type {number | null} */ (null);
  /** something else shares in this session: the guest's own program, or another computer */
  occupied = false;
  /** it is being stopped */
  stopping = false;
  /** what the broker's log says of this session is known, and is of now */
  known = false;
  unknown = false;
  again = loadShared(this.pin)?.on ?? false;
  picking = false;
  /** @type {'' | 'no' | 'system' | 'failed'} why nothing was picked */
  refused = '';
  /** @type {Share | null} */
  share = null;
  /** @type {MediaStreamTrack | null} for the preview */
  preview = null;
  /** @type {SharePage | null} */
  shared = null;
  opened = false;
  /** @type {'' | import('./course.js').End} */
  end = '';
  /** where viewers point, by their number @type {Map<number, {x: number, y: number}>} */
  points = new Map();
  #log = new Log();
  #learning = false;
  #due = false;
  #talking = false; // the chat is shown
  #told = ''; // the detail that was read out last
  #asked = 0; // the viewer of the question that was told of
  /** @type {Map<string, ((message: any) => void)[]>} */
  #hearers = new Map();

  // What the chat needs: Place of shared/ui/chat.js.
  page = { open: false, viewers: /** @type {import('../shared/wire.js').ViewerState[]} */ ([]), me: 0 };
  shell = this;
  talk = new Talk(this);

  get course() {
    return courseOf({
      pin: this.pin, unknown: this.unknown, can: this.ways.browser === 'yes', again: this.again, picking: this.picking,
      shares: this.share !== null, opened: this.opened, share: this.shared, end: this.end,
    });
  }

  /** Asks the server about the session: whether there is one, whose it is, who waits. */
  async look() {
    const { pin } = this;
    if (!pin || this.share || this.picking || this.stopping || this.end === 'ended' || document.hidden) return;
    const answer = await request('GET', '/api/v1/session?session_pin=' + encodeURIComponent(pin));
    if (this.share || this.stopping) return;
    if (answer.ok) {
      this.unknown = false;
      this.organisation = typeof answer.data.organisation === 'string' ? answer.data.organisation : this.organisation;
      this.waiting = Number(answer.data.viewers_online) || 0;
      this.occupied = answer.data.presenter_online === true;
      if (!this.occupied && (this.end === 'moved' || this.end === 'taken')) this.end = 'left';
    } else if (answer.code === 'unknown_session') {
      this.unknown = true;
      this.occupied = false;
      if (this.end) this.end = 'ended';
    }
    this.update();
    await this.#learn();
  }

  /** Who watches and who controls must be of now. */
  async watch() {
    if (this.occupied && !this.stopping && !document.hidden) await this.#learn();
  }

  /** Reads what was done while the guest's program shares or has shared: only who was this session's presenter may. */
  async #learn() {
    const { resume } = loadShared(this.pin) ?? {};
    if (!resume || !this.record.moved || this.#learning) return;
    this.#learning = true;
    for (let more = true; more;) {
      const answer = await request('GET', `/api/v1/guest_log?${new URLSearchParams({ session_pin: this.pin, after: String(this.#log.after) })}`, { resume });
      this.known = answer.ok;
      more = answer.ok && this.#log.take(answer.data);
    }
    this.#learning = false;
    if (this.known && !this.share) { // what this page has shared since then it knows better
      this.record.learn(this.#log.done, Date.now());
      if (!this.occupied) this.record.end(Date.now());
      this.#keep();
    }
    this.update();
  }

  /** Finds out whether there is a program to download. What fails here leaves the page as it is without. */
  async offer() {
    const agent = /** @type {any} */ (navigator).userAgentData;
    const [answer, hints] = await Promise.all([
      request('GET', '/resources/programs.json'),
      Promise.resolve(agent?.getHighEntropyValues?.(['architecture'])).catch(() => undefined), // only Chromium's, and only by https
    ]);
    if (!answer.ok) return;
    this.program = programFor(answer.data, this.ways.system, archOf({ userAgent: navigator.userAgent, architecture: hints?.architecture }));
    this.update();
  }

  /** Has the browser ask what to share, and shares it. Only on a click. */
  async begin() {
    if (this.picking || this.share || this.stopping) return;
    saveName(this.name.trim());
    this.picking = true;
    this.refused = '';
    this.draw();
    try {
      const track = await pick();
      this.preview = track.clone();
      track.addEventListener('ended', () => this.stop()); // the browser's own bar has a stop, too
      const kept = loadShared(this.pin);
      this.opened = false;
      this.end = '';
      this.again = false;
      this.record.begin(Date.now());
      this.share = new Share(track, { pin: this.pin, name: this.name.trim(), kept, consent: 'ask' }, (message) => this.#receive(message));
      this.#keep();
    } catch (error) {
      this.refused = refusal(error);
    }
    this.picking = false;
    this.update();
  }

  /** The one Stop: nothing leaves this computer any more, and nobody may see it. */
  stop() {
    if (this.share) this.#over('stopped');
    else if (this.occupied) this.#stopOther();
  }

  async #stopOther() {
    if (this.stopping) return;
    this.stopping = true;
    this.update();
    const { resume, code } = await takeBack({ pin: this.pin, name: this.name.trim(), resume: loadShared(this.pin)?.resume ?? '' }, browser());
    this.stopping = this.occupied = this.again = false;
    if (resume) saveShared(this.pin, { resume, granted: [], on: false });
    this.end = code === '' ? 'stopped' : endOf(code);
    this.record.end(Date.now());
    this.#keep();
    this.update();
    await this.#learn();
  }

  /** @param {import('./course.js').End} end */
  #over(end) {
    const grantedBefore = loadShared(this.pin)?.granted ?? [];
    this.share?.stop();
    this.preview?.stop();
    this.share = this.preview = null;
    this.end = end;
    this.occupied = end === 'moved' || end === 'taken';
    this.waiting = null;
    this.points.clear();
    this.record.end(Date.now());
    if (end === 'moved') this.record.moved = true;
    const kept = loadShared(this.pin);
    // The program goes on in this page's place, with its grants; the page can come back with them.
    if (kept) saveShared(this.pin, end === 'moved' ? { ...kept, granted: grantedBefore, on: false } : { ...kept, granted: [], on: false });
    this.page = { ...this.page, open: false };
    this.#tell('page', { page: this.page });
    this.#keep();
    this.shared = null;
    this.update();
    this.#learn();
  }

  #keep() {
    this.record.organisation = this.organisation;
    saveRecord(this.pin, this.record.keep(Date.now()));
  }

  /** @param {number} viewer @param {boolean} yes */
  answer(viewer, yes) {
    this.share?.post({ type: 'answer', viewer, yes });
  }

  /** @param {number} viewer */
  revoke(viewer) {
    this.share?.post({ type: 'revoke', viewer });
  }

  /** Saves what was done as a page. */
  saveReport() {
    const file = report({ pin: this.pin, where: location.origin, record: this.record, lines: this.talk.chat.lines, abuse: this.service.abuse, now: Date.now() });
    save(new Blob([file], { type: 'text/html;charset=utf-8' }), dated(t('guest.report.file'), 'html'));
  }

  /** @param {FromWorker} message */
  #receive(message) {
    if (!this.share) return; // it was stopped meanwhile
    switch (message.type) {
      case 'page':
        this.#show(message.page);
        break;
      case 'keep':
        saveShared(this.pin, { ...message.kept, on: true });
        break;
      case 'chat':
        if (message.control.type === 'welcome') this.organisation = message.control.organisation ?? '';
        this.#tell('control', { control: message.control });
        break;
      case 'point':
        if (message.at) this.points.set(message.viewer, message.at);
        else this.points.delete(message.viewer);
        break;
      case 'ended':
        this.#over('stopped');
        break;
      case 'failed':
        console.error('sharing failed:', message.problem);
        this.#over('failed');
        break;
    }
    this.update();
  }

  /** @param {SharePage} shared */
  #show(shared) {
    this.shared = shared;
    if (shared.link.phase === 'open') this.opened = true;
    if (this.record.see(shared.people, Date.now())) this.#keep();
    for (const viewer of this.points.keys()) if (!shared.people.some((p) => p.viewer === viewer && p.sees)) this.points.delete(viewer);
    this.page = { open: shared.link.phase === 'open', me: 0, viewers: shared.people.map((p) => ({ viewer: p.viewer, name: p.name, twin: p.twin, online: true, view: p.sees })) };
    this.#tell('page', { page: this.page });
    const asks = shared.question?.viewer ?? 0;
    if (asks && asks !== this.#asked) this.say(t('guest.ask.said', { name: nameOf(/** @type {any} */ (shared.question)) }));
    this.#asked = asks;
    if (shared.link.phase === 'over') this.#over(endOf(shared.link.code));
  }

  // ---- for the chat ----

  /** @param {import('../shared/wire.js').Control} control */
  send(control) {
    this.share?.post({ type: 'say', control });
  }

  /** While nobody may see, who waits alone is whom the guest speaks with. */
  to() {
    const people = this.shared?.people ?? [];
    return people.length === 1 && !people[0].sees ? people[0].viewer : 0;
  }

  /** @param {'control' | 'page'} type @param {(message: any) => void} hear */
  on(type, hear) {
    this.#hearers.set(type, [...this.#hearers.get(type) ?? [], hear]);
  }

  /** @param {'control' | 'page'} type @param {object} message */
  #tell(type, message) {
    for (const hear of this.#hearers.get(type) ?? []) hear(message);
  }

  /** The chat is always open while there is one. */
  openTab() {
    document.getElementById('chat-field')?.focus();
  }

  // ---- the page ----

  /** @override */
  update() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      if (this.#due) this.draw();
    });
  }

  draw() {
    this.#due = false;
    const { state, detail } = this.course;
    const { dataset } = document.documentElement;
    dataset.state = state;
    dataset.detail = detail;
    if (state === 'sharing' && detail !== 'asked' && detail !== this.#told) this.say(t(detail === 'watched' ? 'guest.state.watched' : 'guest.state.' + detail));
    this.#told = detail;
    if (this.#talking !== (state === 'sharing')) {
      this.#talking = state === 'sharing';
      this.talk.setOpen(this.#talking);
    }
    const title = t(`guest.title.${state === 'sharing' ? (detail === 'asked' ? 'asked' : 'on') : this.occupied ? 'on' : state === 'ended' ? 'ended' : 'off'}`, { pin: this.pin });
    const { unread } = this.talk.chat;
    document.title = unread > 0 ? t('title.unread', { n: unread, title }) : title;
    icon(state === 'sharing');
    render(html`<${View} guest=${this} />`, element('page', HTMLElement));
    render(html`<${Notices} board=${this} />`, element('notices', HTMLElement));
  }
}

const link = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel="icon"]'));
const plainIcon = { href: link.href, type: link.type };

/** @param {boolean} on the tab's icon says that this screen is shared */
function icon(on) {
  const wanted = on ? { href: new URL('./sharing.svg', import.meta.url).href, type: 'image/svg+xml' } : plainIcon;
  if (link.href !== wanted.href) Object.assign(link, wanted);
}

const guest = new Guest();
guest.draw();
guest.look();
guest.offer();
window.setInterval(() => guest.look(), LOOK_EVERY);
window.setInterval(() => guest.watch(), WATCH_EVERY);
window.addEventListener('hashchange', () => location.reload());
window.addEventListener('online', () => guest.share?.post({ type: 'network', online: true }));
window.addEventListener('offline', () => guest.share?.post({ type: 'network', online: false }));
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  guest.share?.post({ type: 'wake' });
  guest.look();
});
window.addEventListener('beforeunload', (e) => {
  if (guest.share) e.preventDefault();
});
window.addEventListener('pagehide', () => {
  if (guest.share) saveRecord(guest.pin, guest.record.keep(Date.now()));
});
