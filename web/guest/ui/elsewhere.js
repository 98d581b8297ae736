// While something else shares in this session, such as the guest's own program: what is happening, and
// the Stop. There is nothing here that lets anybody see or control: that is asked where it is shared.
import { html } from '../../shared/html.js';
import { plural, t } from '../../shared/texts.js';

/** @typedef {import('../main.js').Guest} Guest */

/** @param {{guest: Guest}} props */
export function Elsewhere({ guest }) {
  const { end, waiting, stopping } = guest;
  return html`<section id="state" data-watched=${waiting === 0 ? 'no' : 'yes'} aria-labelledby="state-title">
    <span class="lamp" aria-hidden="true"></span>
    <div>
      <h2 id="state-title">${t(end === 'moved' ? 'guest.elsewhere.program' : 'guest.elsewhere')}</h2>
      <p role="status">${waiting === null ? '' : waiting === 0 ? t('guest.here.nobody') : plural('guest.elsewhere.here', waiting)}</p>
    </div>
    <button id="stop" type="button" aria-disabled=${stopping ? 'true' : undefined} onClick=${() => guest.stop()}>${t('guest.stop')}</button>
  </section>`;
}
