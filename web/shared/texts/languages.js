// The languages that there are texts in: each is a file TAG.js beside this one, with the keys of
// en.js, and a line here. The order is that of the menu. Pure.

/**
 * @typedef {object} Listed
 * @property {string} name in the language itself
 * @property {'rtl'} [dir] where it is written from right to left
 */

/** @type {Record<string, Listed>} by BCP 47 tag, as in <html lang> */
export const LANGUAGES = {
  en: { name: 'English' },
  de: { name: 'Deutsch' },
};
