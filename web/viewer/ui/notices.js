// The notices over the picture. A hidden live region says the newest one; so it is read out once,
// and not again when another one goes.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { Icon } from './icons.js';

/** @param {{shell: import('./shell.js').Shell}} props */
export function Notices({ shell }) {
  return html`
    <p class="unseen" role="status">${shell.said}</p>
    <ul>
      ${shell.notices.map((n) => html`
        <li key=${n.id} id=${'notice-' + n.id} class="notice" data-mood=${n.mood ?? 'info'}>
          <p>${n.text}</p>
          ${n.action && html`<button type="button" class="act" onClick=${() => {
            shell.dismiss(n.id);
            n.action?.run();
          }}>${n.action.label}</button>`}
          ${!n.fixed && html`<button type="button" class="plain" aria-label=${t('notice.close')} onClick=${() => {
            shell.dismiss(n.id);
            shell.on.back();
          }}><${Icon} name="close" /></button>`}
        </li>`)}
    </ul>`;
}
