// Keys that a browser or the technician's system keeps to itself, and those that keyboards on
// glass lack. Their names are texts: keys.NAME.

/** @typedef {{name: string, codes: string[]}} Chord */

/** @type {Chord[]} of the Keys menu */
export const CHORDS = [
  { name: 'cad', codes: ['ControlLeft', 'AltLeft', 'Delete'] },
  { name: 'super', codes: ['MetaLeft'] },
  { name: 'alttab', codes: ['AltLeft', 'Tab'] },
  { name: 'altf4', codes: ['AltLeft', 'F4'] },
  { name: 'ctrlesc', codes: ['ControlLeft', 'Escape'] },
  { name: 'ctrlshiftesc', codes: ['ControlLeft', 'ShiftLeft', 'Escape'] },
  { name: 'print', codes: ['PrintScreen'] },
  { name: 'esc', codes: ['Escape'] },
];

/** Modifiers of the key strip: they hold for the next key. */
export const STICKY = [
  { name: 'ctrl', code: 'ControlLeft' },
  { name: 'alt', code: 'AltLeft' },
  { name: 'shift', code: 'ShiftLeft' },
  { name: 'win', code: 'MetaLeft' },
];

/** The other keys of the strip, in its order. */
export const STRIP = [
  { name: 'esc', code: 'Escape' },
  { name: 'tab', code: 'Tab' },
  { name: 'del', code: 'Delete' },
  { name: 'left', code: 'ArrowLeft' },
  { name: 'up', code: 'ArrowUp' },
  { name: 'down', code: 'ArrowDown' },
  { name: 'right', code: 'ArrowRight' },
  { name: 'home', code: 'Home' },
  { name: 'end', code: 'End' },
  { name: 'pageup', code: 'PageUp' },
  { name: 'pagedown', code: 'PageDown' },
  { name: 'ins', code: 'Insert' },
  ...Array.from({ length: 12 }, (_, i) => ({ name: `F${i + 1}`, code: `F${i + 1}` })),
];
