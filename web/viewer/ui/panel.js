// The panel over the picture: what the page waits for, or why it ended.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';

/** @param {{panel: import('../state.js').Page['panel'], onAction: (action: import('../state.js').Action) => void}} props */
export function Panel({ panel, onAction }) {
  // No button gets the focus by itself: a key typed blindly must not answer a question.
  return html`<div id="card">
    <div id="spinner" aria-hidden="true"></div>
    <div role="status">
      <h2 id="panel-title">${panel?.title}</h2>
      ${panel?.says && html`<p id="panel-says">${panel.says}</p>`}
      <p id="panel-text">${panel?.text}</p>
    </div>
    ${panel && panel.actions.length > 0 && html`<div id="panel-actions">
      ${panel.actions.map((action, i) => html`<button key=${action} type="button" data-action=${action} class=${i === 0 ? 'primary' : ''}
        onClick=${() => onAction(action)}>${t('action.' + action)}</button>`)}
    </div>`}
  </div>`;
}
