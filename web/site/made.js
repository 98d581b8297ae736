// The page /new once there is a session: the PIN and the links, the invitation, who is there.
import { Component, createRef, html } from '../shared/html.js';
import { language, plural, t } from '../shared/texts.js';
import { spell } from './newsession.js';
import { aboutKey, copy, KeyField, problemText } from './parts.js';

/** @typedef {import('./newsession.js').NewSession} NewSession */
/** @typedef {import('./parts.js').Own} Own */
/** @typedef {{model: NewSession, own: Own, keepOwn: () => void, update: () => void}} Props */

/** @param {Props} props */
export function Made({ model, own, keepOwn, update }) {
  if (model.step === 'ended') return html`<${Ended} pin=${model.pin} />`;
  const { pin } = model;
  const guest = `${own.origin}/#${pin}`, viewer = `${own.origin}/view#${pin}`;
  return html`
    <h1 tabindex="-1">${t('new.made')}</h1>
    <div class="columns">
      <div>
        <${Live} model=${model} viewer=${viewer} />
        <section class="card">
          <h2 id="pin-title">${t('new.pin')}</h2>
          <p class="pin-row"><output id="pin" class="big-pin" dir="ltr" aria-labelledby="pin-title">${pin}</output>
            <${Copy} text=${pin} of="pin" label=${t('new.copy.pin')} /></p>
          <p class="hint">${spelled(pin)}</p>
        </section>
      </div>
      <div>
        <section class="card">
          <${Link} id="guest-link" url=${guest} label=${t('new.link.guest')} hint=${t('new.link.guest.hint')} copies=${t('new.copy.guest')} shares />
          <${Mail} model=${model} own=${own} keepOwn=${keepOwn} />
          <${Link} id="viewer-link" url=${viewer} label=${t('new.link.viewer')} copies=${t('new.copy.viewer')} />
        </section>
        <${End} model=${model} own=${own} keepOwn=${keepOwn} update=${update} />
      </div>
    </div>`;
}

/** @param {string} pin */
function spelled(pin) {
  const [before, after] = t('new.pin.spelled').split('{spelled}');
  return html`${before}<bdi id="spelled">${spell(pin, t('new.alphabet'))}</bdi>${after}`;
}

/** @param {{model: NewSession, viewer: string}} props */
function Live({ model, viewer }) {
  const { phase, state, offline } = model;
  const there = phase === 'here' || phase === 'live';
  const alone = state && !state.presenter && state.viewers === 0 && Number.isFinite(state.expires);
  return html`<section id="live" class="card" data-phase=${phase} aria-labelledby="live-title">
    <div role="status">
      <h2 id="live-title"><span class="dot" aria-hidden="true"></span>${t('new.state.' + phase)}</h2>
      ${(phase === 'waiting' || phase === 'here') && html`<p class="quiet">${t(`new.state.${phase}.text`)}</p>`}
      ${state !== null && state.viewers > 0 && html`<p class="quiet">${plural('new.state.viewers', state.viewers)}</p>`}
      ${offline && html`<p class="warning">${t('new.state.offline')}</p>`}
    </div>
    <p class="actions"><a id="open" class=${there ? 'button primary' : 'button'} href=${viewer} target="_blank" rel="noopener">${t('new.open')}</a></p>
    ${state && html`<p class="hint facts">${alone && html`<span id="expiry">${t('new.expiry', { time: clock(state.expires) })}</span>`}
      ${state.region && html`<span>${t('new.in', { region: state.region })}</span>`}</p>`}
  </section>`;
}

/** @param {number} at ms since 1970 */
function clock(at) {
  const far = at - Date.now() > 20 * 3600_000;
  return new Intl.DateTimeFormat(language().tag, far ? { dateStyle: 'medium', timeStyle: 'short' } : { timeStyle: 'short' }).format(at);
}

/** @extends {Component<{text: string, of: string, label: string}, {came: '' | 'copied' | 'failed'}>} */
class Copy extends Component {
  /** @type {{came: '' | 'copied' | 'failed'}} */
  state = { came: '' };
  #timer = 0;

  componentWillUnmount() {
    window.clearTimeout(this.#timer);
  }

  async #copy() {
    const done = await copy(this.props.text, document.getElementById(this.props.of));
    window.clearTimeout(this.#timer);
    this.setState({ came: done ? 'copied' : 'failed' });
    if (done) this.#timer = window.setTimeout(() => this.setState({ came: '' }), 4000);
  }

  render() {
    const { came } = this.state;
    return html`<button type="button" class="copy" aria-label=${this.props.label} onClick=${() => this.#copy()}>${t(came === 'copied' ? 'new.copied' : 'new.copy')}</button>
      <span class=${came === 'failed' ? 'warning' : 'unseen'} role="status">${came === 'copied' ? t('new.copied') : came === 'failed' ? t('new.copy.failed') : ''}</span>`;
  }
}

/** @param {{id: string, url: string, label: string, hint?: string, copies: string, shares?: boolean}} props */
function Link({ id, url, label, hint, copies, shares }) {
  const share = () => navigator.share({ text: t('new.share.text'), url }).catch(() => {}); // the person may think better of it
  return html`<div class="link-box">
    <label for=${id}>${label}</label>
    <div class="copybox">
      <input id=${id} type="text" dir="ltr" readonly value=${url} aria-describedby=${hint ? id + '-hint' : undefined} onFocus=${(/** @type {any} */ e) => e.currentTarget.select()} />
      <${Copy} text=${url} of=${id} label=${copies} />
      ${shares && 'share' in navigator && html`<button type="button" onClick=${share}>${t('new.share')}</button>`}
    </div>
    ${hint && html`<p id=${id + '-hint'} class="hint">${hint}</p>`}
  </div>`;
}

/** @extends {Component<{model: NewSession, own: Own, keepOwn: () => void}, {bad: boolean}>} */
class Mail extends Component {
  state = { bad: false };
  #field = createRef();

  /** @param {SubmitEvent} e */
  #send(e) {
    e.preventDefault();
    /** @type {HTMLInputElement} */
    const field = this.#field.current;
    const address = field.value.trim();
    // The browser's own idea of an address is near enough to the server's, which has the last word.
    const bad = address === '' || !field.validity.valid;
    this.setState({ bad });
    if (bad) field.focus();
    else {
      this.props.keepOwn();
      this.props.model.invite(address, this.props.own.name.trim());
    }
  }

  render() {
    const { model, own } = this.props;
    if (!own.service.mail) return html`<p class="hint">${t('new.mail.off')}</p>`;
    const { mail, mailed, mailProblem } = model;
    const wrong = this.state.bad || mailProblem?.code === 'bad_address';
    const error = wrong ? t('new.mail.bad') : mailProblem ? problemText(mailProblem) : '';
    return html`<form id="mail" novalidate onSubmit=${(/** @type {SubmitEvent} */ e) => this.#send(e)} aria-busy=${mail === 'sending'}>
      <label for="address">${t('new.mail')}</label>
      <div class="copybox">
        <input id="address" ref=${this.#field} type="email" dir="ltr" autocomplete="off" maxlength="254" placeholder="ann@example.com"
          aria-invalid=${wrong ? 'true' : undefined} aria-describedby="mail-error" />
        <button type="submit" disabled=${mail === 'sending'}>${t(mail === 'sending' ? 'new.mail.sending' : 'new.mail.send')}</button>
      </div>
      ${mailProblem && aboutKey(mailProblem) && html`<div class="key-box"><${KeyField} id="mail-key" own=${own} bad=${mailProblem.code} needed /></div>`}
      <p id="mail-error" class="error" role="alert">${error}</p>
      <p class="hint" role="status">${mail === 'sent' && !error ? t('new.mail.sent', { address: mailed }) : ''}</p>
    </form>`;
  }
}

/** @extends {Component<Props, {}>} */
class End extends Component {
  #dialog = createRef();

  async #end() {
    this.props.keepOwn();
    if (await this.props.model.end()) this.#dialog.current?.close();
  }

  #ask() {
    this.props.model.problem = null;
    this.props.update();
    this.#dialog.current.showModal();
  }

  render() {
    const { model, own } = this.props;
    const { busy, problem } = model;
    return html`<p class="actions"><button id="end" type="button" class="danger" onClick=${() => this.#ask()}>${t('new.end')}</button></p>
      <dialog ref=${this.#dialog} aria-labelledby="end-title" aria-describedby="end-text">
        <h2 id="end-title">${t('new.end.title')}</h2>
        <p id="end-text" class="quiet">${t('new.end.text')}</p>
        ${problem && aboutKey(problem) && html`<div class="key-box"><${KeyField} id="end-key" own=${own} bad=${problem.code} needed /></div>`}
        <p class="error" role="alert">${problem && problemText(problem)}</p>
        <p class="actions">
          <button type="button" autofocus onClick=${() => this.#dialog.current.close()}>${t('new.end.no')}</button>
          <button id="end-yes" type="button" class="danger" disabled=${busy} onClick=${() => this.#end()}>${t('new.end')}</button>
        </p>
      </dialog>`;
  }
}

/** @param {{pin: string}} props */
function Ended({ pin }) {
  return html`<h1 tabindex="-1">${t('new.state.ended')}</h1>
    <section class="card">
      <p><bdi class="big-pin over" dir="ltr">${pin}</bdi></p>
      <p class="quiet">${t('new.state.ended.text')}</p>
      <p class="actions"><a class="button primary" href="/new">${t('new.another')}</a></p>
    </section>`;
}
