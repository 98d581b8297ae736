// The helper program: how it is started where there is one, and plainly where there is none.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { Icon } from '../../shared/ui/icons.js';
import { copy } from '../../site/parts.js';

/** @typedef {import('../main.js').Guest} Guest */

/** @param {{guest: Guest, handover?: string}} props handover: while this page shares, the secret that lets the program take its place */
export function Program({ guest, handover }) {
  const { program } = guest.ways;
  const command = `presenter --broker ${location.origin} --pin ${guest.pin}`;
  // This page may itself be on the screen that is shared: the secret is copied, and not shown.
  const whole = handover ? `${command} --handover ${handover}` : command;
  return html`<section class="card" aria-labelledby="program-title">
    <h2 id="program-title"><${Icon} name="mouse" />${t('guest.program.title')}</h2>
    <p class="quiet">${t(handover ? 'guest.program.up' : 'guest.program')}</p>
    ${program === 'yes' ? html`
      <div class="copybox">
        <pre tabindex="0" dir="ltr" role="region" aria-label=${t('guest.program.command')}><code id="command">${handover ? command + ' --handover ••••••' : command}</code></pre>
        <button id="copy" type="button" onClick=${async () => {
          const copied = await copy(whole, handover ? null : document.getElementById('command'));
          guest.notify({ id: 'copied', text: t(copied ? 'site.copied' : handover ? 'guest.program.uncopied' : 'site.copy.failed') });
        }}>${t('site.copy')}</button>
      </div>
      <p class="hint">${t('guest.program.linux')}</p>
      <p class="hint">${t('guest.program.wayland')}</p>` : html`<p class="notyet">${t('guest.program.notyet')}</p>`}
  </section>`;
}
