// While something else shares in this session, such as the guest's own program: what is happening, and
// the Stop. There is nothing here that lets anybody see or control: that is asked where it is shared.
import { html } from '../../shared/html.js';
import { plural, t } from '../../shared/texts.js';
import { nameOf } from '../../shared/ui/names.js';

/** @typedef {import('../main.js').Guest} Guest */

/** @param {{guest: Guest}} props */
export function Elsewhere({ guest }) {
  const { end, waiting, stopping, record } = guest;
  const now = (/** @type {import('../record.js').Watched[] | undefined} */ all) => (all ?? []).filter((w) => w.to === 0).map(nameOf).join(', ');
  const watch = now(record.log?.watched), control = now(record.log?.controlled);
  // Without the log, such as for another computer that has taken this session, what the API says to everybody.
  const here = waiting === null ? '' : waiting === 0 ? t('guest.here.nobody') : plural('guest.elsewhere.here', waiting);
  return html`<section id="state" data-watched=${(guest.known ? watch === '' : waiting === 0) ? 'no' : 'yes'} aria-labelledby="state-title">
    <span class="lamp" aria-hidden="true"></span>
    <div>
      <h2 id="state-title">${t(end === 'moved' ? 'guest.elsewhere.program' : 'guest.elsewhere')}</h2>
      <p role="status">${!guest.known ? here : html`<span id="watching">${watch ? t('guest.watched', { names: watch }) : t('guest.state.waiting')}</span><br />
        <span id="controlling">${control ? t('guest.elsewhere.control', { names: control }) : t('guest.elsewhere.uncontrolled')}</span>`}</p>
    </div>
    <button id="stop" type="button" aria-disabled=${stopping ? 'true' : undefined} onClick=${() => guest.stop()}>${t('guest.stop')}</button>
  </section>`;
}
