// The menu that is open, under its button. What is clicked beside it closes it and does nothing else.
import { Component, createRef, html } from '../../shared/html.js';
import { Icon } from '../../shared/ui/icons.js';
import { rove } from './roving.js';

/** @typedef {import('./shell.js').Shell} Shell */
/** @typedef {import('./parts.js').Entry} Entry */

const GAP = 6; // CSS pixels between the button and the menu, and to the window's edge

/** @extends {Component<{shell: Shell}>} */
export class MenuView extends Component {
  list = createRef();
  place = () => {
    const { shell } = this.props;
    const list = /** @type {HTMLElement | null} */ (this.list.current);
    const button = document.getElementById(shell.menu + '-button')?.getBoundingClientRect();
    if (!list || !button) return;
    const { width } = list.getBoundingClientRect();
    const rtl = getComputedStyle(list).direction === 'rtl';
    const left = rtl ? button.left : button.right - width;
    list.style.left = `${Math.max(GAP, Math.min(left, window.innerWidth - width - GAP))}px`;
    list.style.top = `${button.bottom + GAP}px`;
    list.style.maxHeight = `${Math.max(120, window.innerHeight - button.bottom - 2 * GAP)}px`;
  };

  componentDidMount() {
    window.addEventListener('resize', this.place);
    this.place();
    /** @type {HTMLElement | null} */ (this.list.current)?.querySelector('button')?.focus();
  }

  componentDidUpdate() {
    this.place();
  }

  componentWillUnmount() {
    window.removeEventListener('resize', this.place);
  }

  render() {
    const { shell } = this.props;
    if (shell.menu === null) return null;
    const groups = shell.entries(shell.menu);
    const label = shell.tools.find((tool) => tool.id === shell.menu + '-button')?.look()?.label;
    return html`
      <div class="shade" onPointerDown=${() => shell.closeMenu()} onContextMenu=${prevent}></div>
      <div ref=${this.list} class="menu" role="menu" aria-label=${label} onKeyDown=${(/** @type {KeyboardEvent & {currentTarget: HTMLElement}} */ e) => this.#key(e)}>
        ${groups.map(({ title, above, entries }, i) => html`
          <div key=${i} role="group" class="group" aria-label=${title || undefined}>
            ${title && html`<p class="title" aria-hidden="true">${title}</p>`}
            ${above?.()}
            ${entries.map((entry) => html`<${EntryView} key=${entry.id ?? entry.label} shell=${shell} entry=${entry} />`)}
          </div>`)}
      </div>`;
  }

  /** @param {KeyboardEvent & {currentTarget: HTMLElement}} e */
  #key(e) {
    const { shell } = this.props;
    if (rove(e, e.currentTarget, 'button', 'column')) return;
    if (e.key === 'Escape' || e.key === 'Tab') {
      e.preventDefault();
      shell.closeMenu(false);
    }
  }
}

/** @param {Event} e */
const prevent = (e) => e.preventDefault();

/** @param {{shell: Shell, entry: Entry}} props */
function EntryView({ shell, entry }) {
  const role = entry.checked === undefined ? 'menuitem' : entry.one ? 'menuitemradio' : 'menuitemcheckbox';
  // A disabled entry can have the focus all the same: its hint says why it is disabled.
  const run = () => {
    if (entry.disabled) return;
    if (!entry.stays) shell.closeMenu();
    entry.run();
    shell.render();
  };
  return html`<button id=${entry.id} type="button" role=${role} tabindex="-1" class="entry" aria-disabled=${entry.disabled ? 'true' : undefined}
    aria-checked=${entry.checked === undefined ? undefined : String(entry.checked)} onClick=${run}>
    <span class="mark">${entry.checked && html`<${Icon} name="check" />`}</span>
    <span class="name">${entry.label}${entry.below && html`<span class="below">${entry.below}</span>`}</span>
    ${entry.hint && html`<span class="hint">${entry.hint}</span>`}
  </button>`;
}
