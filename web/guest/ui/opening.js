// A picture of what Windows asks before it opens a downloaded program, and in words what to do. Drawn, as
// that of the browser's question is (picker.js).
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';

export const Opening = () => html`<div class="steps">
  <svg class="picture" viewBox="0 0 240 132" aria-hidden="true" focusable="false">
    <rect class="sheet" x="1" y="1" width="238" height="130" rx="8" />
    <path class="shield" d="M34 22c7 0 13-3 18-7 5 4 11 7 18 7 0 18-6 31-18 38-12-7-18-20-18-38z" />
    <rect class="word" x="84" y="22" width="128" height="8" rx="4" />
    <rect class="word" x="84" y="38" width="112" height="5" rx="2.500" /><rect class="word" x="84" y="48" width="86" height="5" rx="2.500" />
    <rect class="tab on" x="84" y="60" width="52" height="5" rx="2.500" /><rect class="on" x="84" y="67" width="52" height="1.500" />
    <rect class="word" x="24" y="82" width="140" height="5" rx="2.500" /><rect class="word" x="24" y="92" width="100" height="5" rx="2.500" />
    <rect class="cancel" x="172" y="106" width="54" height="16" rx="2" /><rect class="on" x="108" y="106" width="56" height="16" rx="2" />
  </svg>
  <ol>
    <li>${t('guest.open.keep')}</li>
    <li>${t('guest.open.run')}</li>
    <li>${t('guest.open.asks')}</li>
  </ol>
</div>`;
