// What a feature of the page is given, and what it can add to the shell. Types only; shell.js
// explains how they are used.

/** @typedef {import('../../shared/ui/icons.js').IconName} IconName */

/**
 * A button of the bar.
 * @typedef {object} Tool
 * @property {string} id of its element
 * @property {number} order small ones come first
 * @property {() => ToolLook | null} look asked at each render; null: it is not there now
 * @property {() => void} run the person wants it; afterwards the keyboard goes back to the remote screen
 */
/**
 * @typedef {object} ToolLook
 * @property {string} label
 * @property {IconName} icon
 * @property {boolean} [wide] the label stands beside the icon where there is room
 * @property {boolean} [primary] it stands out
 * @property {boolean} [pressed] of a button that turns something on and off
 * @property {boolean} [disabled]
 * @property {boolean} [roomy] it is left out of a narrow bar, because a menu has it as well
 * @property {string} [keys] its shortcut, as in aria-keyshortcuts
 */

/**
 * A button of the bar that opens a menu.
 * @typedef {object} Menu
 * @property {string} id of the menu; the button's element has it with "-button" behind
 * @property {number} order
 * @property {() => ToolLook | null} look of the button
 */

/**
 * Some entries of a menu, with a line above them.
 * @typedef {object} Entries
 * @property {number} order small ones come first
 * @property {() => string} [title] above them
 * @property {() => import('../../shared/html.js').Children} [above] drawn above them; what can be done with it, they can do as well
 * @property {() => Entry[]} entries asked at each render; none: nothing is shown
 */
/**
 * @typedef {object} Entry
 * @property {string} label
 * @property {() => void} run afterwards the keyboard goes back to the remote screen
 * @property {string} [id] of its element, for tests
 * @property {boolean} [checked] of an entry that is on or off
 * @property {boolean} [one] at most one of these entries is checked
 * @property {boolean} [disabled]
 * @property {boolean} [stays] the menu stays open: for what is done several times
 * @property {string} [hint] its shortcut, or why it is disabled
 * @property {string} [below] a sentence on what it does, on a line of its own
 */

/**
 * A tab of the side panel, and its button in the bar.
 * @typedef {object} Tab
 * @property {string} id of the tab; the bar's button has it with "-button" behind, its panel with "-tab"
 * @property {number} order
 * @property {IconName} icon
 * @property {() => string} label
 * @property {() => number} [badge] how much is new; 0 shows none
 * @property {() => boolean} [available] whether there is anything to show now
 * @property {() => import('../../shared/html.js').Children} view what is in it, while it is open
 * @property {(open: boolean) => void} [onOpen] it was opened, or closed
 */

/**
 * The page, as a feature sees it.
 * @typedef {object} App
 * @property {import('./shell.js').Shell} shell
 * @property {string} pin '' if there is none
 * @property {string} organisation whose session this is, verified; '' for nobody's
 * @property {import('../state.js').Page} page the newest
 * @property {import('../input.js').Input} input
 * @property {import('../viewport.js').Viewport} viewport
 * @property {import('../paint.js').Painter} painter
 * @property {HTMLCanvasElement} canvas the picture
 * @property {(message: import('../messages.js').ToEngine, transfer?: Transferable[]) => void} post to the engine
 * @property {(control: import('../../shared/wire.js').Control) => void} send a control message; without a connection it is lost
 * @property {(action: import('../state.js').Action | 'request') => void} act a button of the panel, or the control button
 * @property {<T extends import('../messages.js').FromEngine['type']>(type: T, hear: (message: Extract<import('../messages.js').FromEngine, {type: T}>) => void) => void} on
 *   hears messages of the engine, after the page itself
 */

export {};
