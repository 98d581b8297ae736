// Elements made from state: preact with htm's templates, so that pages need no build step.
//
//	html`<button disabled=${busy} onClick=${run}>${label}</button>`
//
// Values become text or properties, never markup. Components are functions of their props, or
// classes where they must touch an element or keep something of their own.
import htm from '../vendor/htm/index.js';
import { h } from '../vendor/preact/index.js';

export { Component, createRef, render } from '../vendor/preact/index.js';

/** @typedef {import('../vendor/preact/index.js').ComponentChildren} Children what may stand inside of an element */

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(/** @type {any} */ (h));
