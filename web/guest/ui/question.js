// The question whether a technician may see. No is what happens by itself: it has the focus, it is
// what a closed or forgotten question means. Nothing counts in the first moment (TOO_SOON), as it was
// meant for what was there before; party.js holds that once more.
import { Component, createRef, html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { nameOf } from '../../shared/ui/names.js';
import { TOO_SOON } from '../party.js';

/** @typedef {import('../main.js').Guest} Guest */

const MARGIN = 50; // ms: the rules' clock began a little earlier or later

/** @extends {Component<{guest: Guest, question: {viewer: number, name: string, twin: boolean}}>} */
export class Question extends Component {
  box = createRef();
  no = createRef();
  #ready = false;
  #timer = 0;

  componentDidMount() {
    this.#timer = window.setTimeout(() => {
      this.#ready = true;
      this.forceUpdate();
    }, TOO_SOON + MARGIN);
    // Who is writing goes on doing so: what they type must not answer, and is not lost.
    const writes = document.activeElement instanceof HTMLTextAreaElement && document.activeElement.value !== '';
    if (!writes) this.no.current?.focus({ preventScroll: true });
    this.box.current?.scrollIntoView?.({ block: 'nearest' });
  }

  componentWillUnmount() {
    clearTimeout(this.#timer);
  }

  /** @param {boolean} yes */
  #answer(yes) {
    const { guest, question } = this.props;
    if (this.#ready) guest.answer(question.viewer, yes);
  }

  render() {
    const { guest, question } = this.props;
    const name = nameOf(question);
    const early = this.#ready ? undefined : 'true';
    return html`<section ref=${this.box} id="question" class="card" role="alertdialog" aria-labelledby="question-title" aria-describedby="question-text"
        onKeyDown=${(/** @type {KeyboardEvent} */ e) => {
          if (e.key === 'Escape') this.#answer(false);
        }}>
      <h2 id="question-title">${question.name ? t('guest.ask', { name }) : t('guest.ask.unnamed', { name })}</h2>
      <p id="question-text">${guest.organisation ? t('guest.ask.text.of', { organisation: guest.organisation }) : t('guest.ask.text')}</p>
      <p class="actions">
        <button ref=${this.no} id="deny" type="button" aria-disabled=${early} onClick=${() => this.#answer(false)}>${t('guest.deny')}</button>
        <button id="allow" type="button" aria-disabled=${early} onClick=${() => this.#answer(true)}>${t('guest.allow')}</button>
      </p>
    </section>`;
  }
}
