// Before the share: which session this is and whose, one warning, and the two ways to get help.
import { html } from '../../shared/html.js';
import { plural, t } from '../../shared/texts.js';
import { Icon } from '../../shared/ui/icons.js';
import { Elsewhere } from './elsewhere.js';
import { Picker } from './picker.js';
import { Program } from './program.js';

/** @typedef {import('../main.js').Guest} Guest */

const MAX_NAME = 40; // as the broker has it

/** @param {{guest: Guest, state: string, detail: string}} props */
export function Start({ guest, state, detail }) {
  const { ways } = guest;
  const can = ways.browser === 'yes';
  return html`<div class="start">
    <h1>${t(detail === 'again' ? 'guest.again.heading' : 'guest.heading')}</h1>
    ${guest.occupied && html`<${Elsewhere} guest=${guest} />`}
    <${Pin} guest=${guest} />
    <p class="beware"><strong>${t('guest.beware.title')}</strong> ${t('guest.beware')}</p>
    <div class="ways">
      <section class="card" aria-labelledby="browser-title">
        <h2 id="browser-title"><${Icon} name="screen" />${t(can ? 'guest.browser.title' : 'guest.browser.not')}</h2>
        <p class="quiet">${t(detail === 'again' ? 'guest.again' : can ? 'guest.browser' : 'guest.browser.' + ways.browser)}</p>
        ${can && html`<${Browser} guest=${guest} picking=${state === 'picking'} again=${detail === 'again'} />`}
        ${ways.browser === 'phone' && html`<p class="elsewhere">${t('guest.phone.open')} <bdi dir="ltr">${location.host}</bdi></p>`}
      </section>
      ${ways.program !== 'phone' && html`<${Program} guest=${guest} />`}
    </div>
  </div>`;
}

/** @param {{guest: Guest}} props */
function Pin({ guest }) {
  const { organisation, waiting, occupied } = guest;
  return html`<section class="card pin-card" aria-label=${t('guest.session')}>
    <div><p class="label" id="pin-label">${t('guest.pin')}</p>
    <p class="big" id="pin" dir="ltr" aria-labelledby="pin-label pin">${guest.pin}</p></div>
    <div>${organisation ? html`<p class="organisation"><${Icon} name="check" /><span><bdi>${organisation}</bdi> <small>${t('people.verified')}</small></span></p>`
      : html`<p class="hint">${t('guest.nobody')}</p>`}
    <p class="hint" role="status">${occupied ? t('guest.occupied') : waiting === null ? '' : waiting === 0 ? t('guest.nobodywaits') : plural('guest.waiting', waiting)}</p></div>
  </section>`;
}

/** @param {{guest: Guest, picking: boolean, again: boolean}} props */
function Browser({ guest, picking, again }) {
  const { system } = guest.ways;
  return html`
    <form id="begin" onSubmit=${(/** @type {Event} */ e) => {
      e.preventDefault();
      guest.begin();
    }}>
      ${!again && html`<p class="field"><label for="name">${t('site.name')}</label>
      <input id="name" name="name" type="text" dir="auto" autocomplete="name" maxlength=${MAX_NAME} value=${guest.name} aria-describedby="name-hint"
        onInput=${(/** @type {any} */ e) => { guest.name = e.currentTarget.value; }} /></p>`}
      <button id="share" type="submit" class="primary" aria-disabled=${picking ? 'true' : undefined}>${t(picking ? 'guest.picking' : again ? 'guest.share.again' : 'guest.share')}</button>
      ${!again && html`<p id="name-hint" class="hint">${t('guest.name.hint')}</p>`}
    </form>
    <p class="error" role="alert">${guest.refused && t(guest.refused === 'system' && system === 'mac' ? 'guest.refused.mac' : 'guest.refused.' + guest.refused)}</p>
    <${Picker} />
    <p class="hint">${t('guest.browser.look')}</p>
    ${(system === 'mac' || system === 'linux') && html`<p class="hint">${t('guest.system.' + system)}</p>`}`;
}
