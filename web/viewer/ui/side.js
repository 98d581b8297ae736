// The side panel: one tab of several beside the picture, or over it where there is no room.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { Icon } from '../../shared/ui/icons.js';
import { rove } from './roving.js';

/** @typedef {import('./shell.js').Shell} Shell */

/** @param {{shell: Shell}} props */
export function Side({ shell }) {
  const open = shell.tab;
  if (!open) return null;
  const tabs = shell.tabs.filter((tab) => shell.has(tab));
  return html`
    <div class="tabs">
      <div role="tablist" aria-label=${t('side.label')} onKeyDown=${(/** @type {KeyboardEvent & {currentTarget: HTMLElement}} */ e) => rove(e, e.currentTarget, '[role=tab]', 'row')}>
        ${tabs.map((tab) => {
          const badge = tab.badge?.() ?? 0;
          return html`<button key=${tab.id} id=${tab.id + '-tabbutton'} type="button" role="tab" aria-selected=${String(tab === open)} aria-controls=${tab === open ? tab.id + '-tab' : undefined}
            tabindex=${tab === open ? 0 : -1} onClick=${() => shell.openTab(tab.id)}>
            ${tab.label()}${badge > 0 && html` <span class="badge">${badge}</span>`}
          </button>`;
        })}
      </div>
      <button id="side-close" type="button" class="plain" aria-label=${t('side.close')} title=${t('side.close')} onClick=${() => shell.openTab(null)}><${Icon} name="close" /></button>
    </div>
    <div key=${open.id} id=${open.id + '-tab'} class="tab" role="tabpanel" aria-labelledby=${open.id + '-tabbutton'}>${open.view()}</div>`;
}

/**
 * Escape closes the side panel, wherever the focus is in it.
 * @param {Shell} shell
 * @param {HTMLElement} side
 */
export function closeByEscape(shell, side) {
  side.addEventListener('keydown', (e) => {
    if (e.key === 'Escape' && !e.isComposing && !e.defaultPrevented) shell.openTab(null);
  });
}
