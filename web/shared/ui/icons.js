// The page's icons: strokes in a box of 24, in the colour of the text beside them. They say
// nothing to a screen reader; what they stand in is labelled.
import { html } from '../html.js';

const PATHS = {
  chat: 'M4 5h16v11H10l-4 4v-4H4z',
  check: 'M5 13l4 4L19 7',
  chevron: 'M7 10l5 5 5-5',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  download: 'M12 4v11m-5-5l5 5 5-5M5 20h14',
  exit: 'M9 4v5H4M15 4v5h5M9 20v-5H4M15 20v-5h5',
  expand: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  hand: 'M8 12V6.5a1.5 1.5 0 0 1 3 0V11m0-1V4.5a1.5 1.5 0 0 1 3 0V11m0-4.500a1.500 1.500 0 0 1 3 0V12m0-2.500a1.500 1.500 0 0 1 3 0V15a6 6 0 0 1-6 6h-1.500a6 6 0 0 1-4.600-2.200L4.500 14.200a1.600 1.600 0 0 1 2.400-2.100L8 13.200',
  glass: 'M3 4h18v11H3zM7 8h.01M11 8h.01M15 8h.01M8 11.500h8M9 18.500l3 2.500 3-2.500',
  keyboard: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M18 10h.01M7 14h10',
  mouse: 'M5 3l14 8-6 1.500L10 19z',
  people: 'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20a6.500 6.500 0 0 1 13 0M16 4.300a3.500 3.500 0 0 1 0 6.400M18 14.200a6.500 6.500 0 0 1 3.500 5.800',
  pin: 'M9 4h6l-1 6 3 3H7l3-3zM12 13v7',
  screen: 'M3 5h18v11H3zM9 20h6M12 16v4',
  send: 'M4 12l16-7-6 15-3-6z',
  stats: 'M5 20v-8M12 20V5M19 20v-11',
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{name: IconName}} props */
export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
