// The panel over the picture: what the page waits for, or why it ended.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';

/** @typedef {import('../state.js').Action} Action */

/** @param {{panel: import('../state.js').Page['panel'], parts: {lines: string[], actions: Action[]}[], onAction: (action: Action) => void}} props */
export function Panel({ panel, parts, onAction }) {
  const actions = panel ? [...new Set([...panel.actions, ...parts.flatMap((part) => part.actions)])] : [];
  // No button gets the focus by itself: a key typed blindly must not answer a question. The
  // further lines may count seconds, so they are not read out.
  return html`<div id="card">
    <div id="spinner" aria-hidden="true"></div>
    <div role="status">
      <h2 id="panel-title">${panel?.title}</h2>
      ${panel?.says && html`<p id="panel-says" dir="auto">${panel.says}</p>`}
      <p id="panel-text">${panel?.text}</p>
    </div>
    ${panel && parts.flatMap((part) => part.lines).map((line) => html`<p class="more">${line}</p>`)}
    ${actions.length > 0 && html`<div id="panel-actions">
      ${actions.map((action, i) => html`<button key=${action} type="button" data-action=${action} class=${i === 0 ? 'primary' : ''}
        onClick=${() => onAction(action)}>${t('action.' + action)}</button>`)}
    </div>`}
  </div>`;
}
