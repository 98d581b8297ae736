// The bar: what the state is, who controls, and the buttons of all features.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { Icon } from '../../shared/ui/icons.js';
import { rove } from './roving.js';

/** @typedef {import('./shell.js').Shell} Shell */
/** @typedef {import('./parts.js').Tool} Tool */
/** @typedef {import('./parts.js').ToolLook} ToolLook */
/** @typedef {import('../state.js').Page} Page */

/** @param {{shell: Shell, page: Page}} props */
export function Bar({ shell, page }) {
  const shown = shell.tools.map((tool) => ({ tool, look: tool.look() })).filter(({ look }) => look !== null);
  return html`
    <img id="logo" src=${logo()} alt="" width="20" height="20" />
    <p id="state"><span id="dot" aria-hidden="true"></span><span id="status" role="status">${page.status}</span></p>
    <p id="who" role="status">${page.who}</p>
    <div id="tools" role="toolbar" aria-label=${t('bar.label')} aria-description=${t('bar.keys')}
      onKeyDown=${(/** @type {KeyboardEvent & {currentTarget: HTMLElement}} */ e) => (e.key === 'Escape' ? shell.on.back() : rove(e, e.currentTarget, 'button:enabled', 'row'))}>
      ${shown.map(({ tool, look }) => html`<${ToolButton} key=${tool.id} shell=${shell} tool=${tool} look=${look} />`)}
    </div>`;
}

// The operator's own where they have set one: the broker writes its place into the page.
const logo = () => document.querySelector('link[rel="icon"]')?.getAttribute('href') ?? '';

/** @param {{shell: Shell, tool: Tool, look: ToolLook}} props */
function ToolButton({ shell, tool, look }) {
  const menu = tool.id.replace(/-button$/, '');
  const tab = shell.tabs.find((one) => one.id === menu);
  const isMenu = !tab && shell.entries(menu).length > 0;
  const badge = tab?.badge?.() ?? 0;
  return html`<button id=${tool.id} type="button" class=${classes(look)} disabled=${look.disabled ?? false}
    title=${look.wide ? '' : look.label} aria-label=${badge > 0 ? t('bar.badge', { label: look.label, n: badge }) : look.label}
    aria-pressed=${look.pressed} aria-keyshortcuts=${look.keys}
    aria-haspopup=${isMenu ? 'menu' : undefined} aria-expanded=${isMenu ? String(shell.menu === menu) : undefined} aria-controls=${isMenu ? 'menu' : tab ? 'side' : undefined}
    onClick=${() => shell.use(tool)}>
    <${Icon} name=${look.icon} /><span class="label">${look.label}</span>
    ${badge > 0 && html`<span class="badge" aria-hidden="true">${badge > 99 ? '99+' : badge}</span>`}
  </button>`;
}

/** @param {ToolLook} look */
const classes = (look) => ['tool', look.wide && 'wide', look.primary && 'primary', look.roomy && 'roomy'].filter(Boolean).join(' ');
