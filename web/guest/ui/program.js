// The helper program: handed out where there is one for the guest's system, with how it is started; else
// what a technician can send; and plainly where there is none.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { Icon } from '../../shared/ui/icons.js';
import { copy } from '../../site/parts.js';
import { exeURL, startCommand } from '../programs.js';
import { Opening } from './opening.js';

/** @typedef {import('../main.js').Guest} Guest */

/** @param {{guest: Guest, handover?: string}} props handover: while this page shares, the secret that lets the program take its place */
export function Program({ guest, handover }) {
  const { ways, program } = guest;
  return html`<section class="card" aria-labelledby="program-title">
    <h2 id="program-title"><${Icon} name="mouse" />${t('guest.program.title')}</h2>
    <p class="quiet">${t(handover && ways.program === 'yes' ? 'guest.program.up' : 'guest.program')}</p>
    ${program && html`<a id="download" class="button primary" href=${exeURL(guest.pin, program)} download>
        ${t('guest.program.get', { system: t('guest.program.get.' + program.os), size: (program.bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 }) })}</a>
      ${program.os !== 'windows' && html`<p class="hint">${t('guest.program.keep')}</p>`}`}
    ${ways.program === 'yes' ? html`<${Command} guest=${guest} handover=${handover} />
      <p class="hint">${t(program ? 'guest.program.linux.got' : 'guest.program.linux')}</p>
      <p class="hint">${t('guest.program.wayland')}</p>`
      : program ? html`<${Opening} />` : html`<p class="notyet">${t('guest.program.notyet')}</p>`}
  </section>`;
}

/** @param {{guest: Guest, handover?: string}} props */
function Command({ guest, handover }) {
  const of = { pin: guest.pin, broker: location.origin, got: guest.program !== null };
  // This page may itself be on the screen that is shared: the secret is copied, and not shown.
  const whole = startCommand({ ...of, handover });
  return html`<div class="copybox">
    <pre tabindex="0" dir="ltr" role="region" aria-label=${t('guest.program.command')}><code id="command">${startCommand({ ...of, handover: handover && '••••••' })}</code></pre>
    <button id="copy" type="button" onClick=${async () => {
      const copied = await copy(whole, handover ? null : document.getElementById('command'));
      guest.notify({ id: 'copied', text: t(copied ? 'site.copied' : handover ? 'guest.program.uncopied' : 'site.copy.failed') });
    }}>${t('site.copy')}</button>
  </div>`;
}
