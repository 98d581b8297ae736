// A picture of what the browser will ask, and in words how to answer. It is drawn, so that it is
// sharp at any size and dark where the page is.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';

export const Picker = () => html`<div class="steps">
  <svg class="picture" viewBox="0 0 240 132" aria-hidden="true" focusable="false">
    <rect class="sheet" x="1" y="1" width="238" height="130" rx="8" />
    <rect class="word" x="14" y="13" width="92" height="7" rx="3.500" />
    <rect class="tab" x="14" y="30" width="58" height="5" rx="2.500" /><rect class="tab" x="88" y="30" width="58" height="5" rx="2.500" />
    <rect class="tab on" x="162" y="30" width="64" height="5" rx="2.500" /><rect class="on" x="162" y="39" width="64" height="2" />
    <rect class="screen" x="72" y="50" width="96" height="50" rx="4" />
    <rect class="window" x="80" y="57" width="46" height="26" rx="2" /><rect class="window" x="108" y="68" width="52" height="26" rx="2" />
    <rect class="cancel" x="118" y="108" width="50" height="15" rx="7.500" /><rect class="on" x="176" y="108" width="50" height="15" rx="7.500" />
  </svg>
  <ol>
    <li>${t('guest.step.press')}</li>
    <li>${t('guest.step.choose')}</li>
    <li>${t('guest.step.allow')}</li>
  </ol>
</div>`;
