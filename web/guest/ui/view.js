// The guest's page by its state.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { Ended } from './ended.js';
import { Sharing } from './sharing.js';
import { Start } from './start.js';

/** @typedef {import('../main.js').Guest} Guest */

/** @param {{guest: Guest}} props */
export function View({ guest }) {
  const { state, detail } = guest.course;
  switch (state) {
    case 'sharing': return html`<${Sharing} guest=${guest} detail=${detail} />`;
    case 'ended': return html`<${Ended} guest=${guest} detail=${detail} />`;
    case 'error': return html`<${Wrong} detail=${detail} />`;
    default: return html`<${Start} guest=${guest} state=${state} detail=${detail} />`;
  }
}

/** @param {{detail: string}} props */
function Wrong({ detail }) {
  return html`<div class="narrow"><h1>${t(`error.${detail}.title`)}</h1>
    <p class="quiet">${t(`error.${detail}.text`)}</p>
    <p class="actions"><a class="button primary" href="/">${t('action.home')}</a></p></div>`;
}
