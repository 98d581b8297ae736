// The page /new, where a technician makes a session, invites the guest and waits. The session's
// PIN stands in the #fragment, so that a reload, or coming back, shows it again.
import { run } from '../resources/latency_test.mjs';
import { html, render } from '../shared/html.js';
import { pinOfFragment } from '../shared/pin.js';
import { loadKey, loadName, saveKey, saveName } from '../shared/stored.js';
import { t } from '../shared/texts.js';
import { request } from './api.js';
import { Made } from './made.js';
import { NewSession } from './newsession.js';
import { element, startPage } from './page.js';
import { aboutKey, KeyField, problemText } from './parts.js';

const service = await startPage();
const root = element('page', HTMLElement);

const model = new NewSession({
  request,
  // Its results are those of a library that has no types.
  measure: async (onProgress) => (await run({ broker: location.origin, onProgress: (/** @type {any} */ p) => onProgress(p.results) })).results,
  setTimeout: (f, ms) => window.setTimeout(f, ms),
  clearTimeout: (id) => window.clearTimeout(id),
  hidden: () => document.hidden,
}, update);

/** @type {import('./parts.js').Own} */
const own = { name: loadName(), key: loadKey(), keep: loadKey() !== '', asked: service.key === 'needed', origin: service.origins[0], service };
model.key = own.key;

/** Takes over what the person entered of themselves, and remembers what they want remembered. */
function keepOwn() {
  model.key = own.key.trim();
  saveName(own.name.trim());
  saveKey(own.keep ? model.key : '');
}

/** @param {SubmitEvent} e */
function make(e) {
  e.preventDefault();
  keepOwn();
  if (service.key === 'needed' && model.key === '') {
    model.problem = { code: 'key_missing', after: 0 };
    update();
    document.getElementById('key')?.focus();
    return;
  }
  model.make();
}

function askKey() {
  own.asked = true;
  show(); // now: the field is to have the focus
  document.getElementById('key')?.focus();
}

function Choose() {
  const { regions, measuring, region, busy, problem } = model;
  const best = Math.max(...regions.map((r) => r.latency ?? 0), 1);
  return html`
    <h1 tabindex="-1">${t('new.heading')}</h1>
    <p class="quiet">${t('new.intro')}</p>
    <form id="make" class="card" novalidate onSubmit=${make} aria-busy=${busy}>
      ${(regions.length > 1 || measuring === 'failed') && html`<fieldset id="regions" aria-describedby="measured">
        <legend>${t('new.region')}</legend>
        ${regions.map((r) => html`<label key=${r.region} class="region">
          <input type="radio" name="region" value=${r.region} checked=${r.region === region} onChange=${() => model.choose(r.region)} />
          <bdi class="place">${r.region}</bdi>
          <meter min="0" max=${best} value=${r.latency ?? 0} aria-hidden="true"></meter>
          <span class="ms">${r.latency !== null ? t('new.region.ms', { ms: ms(r.latency) }) : r.error ? t('new.region.away') : '…'}</span>
        </label>`)}
        <p id="measured" class="hint" role="status">${measuredText()}
          ${measuring !== 'going' && html` <button type="button" class="link" onClick=${() => model.measure()}>${t('new.region.again')}</button>`}</p>
      </fieldset>`}
      <label for="name">${t('new.name')}</label>
      <input id="name" name="name" type="text" dir="auto" autocomplete="name" maxlength="40" aria-describedby="name-hint" value=${own.name}
        onInput=${(/** @type {any} */ e) => { own.name = e.currentTarget.value; }} />
      <p id="name-hint" class="hint">${t('new.name.hint')}</p>
      ${service.key !== 'none' && (own.asked || (problem && aboutKey(problem))
        ? html`<${KeyField} id="key" own=${own} bad=${problem?.code ?? ''} needed=${service.key === 'needed'} />`
        : html`<p class="hint"><button id="ask-key" type="button" class="link" onClick=${askKey}>${t('new.key.show')}</button></p>`)}
      <p id="make-error" class="error" role="alert">${problem && problemText(problem)}</p>
      <button type="submit" class="primary" disabled=${busy}>${t(busy ? 'new.making' : 'new.make')}</button>
    </form>`;
}

/** @param {number} n */
const ms = (n) => (n < 10 ? n.toFixed(1) : Math.round(n));

function measuredText() {
  if (model.measuring === 'going') return t('new.region.measuring');
  if (model.measuring === 'failed') return t('new.region.failed');
  const latency = model.regions.find((r) => r.region === model.nearest)?.latency ?? 0;
  return t('new.region.measured', { region: model.nearest, ms: ms(latency) });
}

let shown = '';
let due = false;

/** Shows the model as it is now; once for all that changes at once. */
function update() {
  if (due) return;
  due = true;
  queueMicrotask(() => {
    due = false;
    show();
  });
}

function show() {
  const { step, pin, phase } = model;
  if (step !== 'choose' && pinOfFragment(location.hash) !== pin) history.replaceState(null, '', '#' + pin);
  document.title = phase === 'here' || phase === 'live' ? t('new.title.here', { pin }) : step === 'made' ? t('new.title.waiting', { pin }) : t('new.title');
  document.documentElement.dataset.step = step;
  document.documentElement.dataset.phase = step === 'choose' ? '' : phase;
  render(step === 'choose' ? html`<${Choose} />` : html`<${Made} model=${model} own=${own} keepOwn=${keepOwn} update=${update} />`, root);
  if (shown !== '' && shown !== step) root.querySelector('h1')?.focus();
  shown = step;
}

window.addEventListener('hashchange', () => location.reload());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) model.look();
});
window.addEventListener('online', () => model.look());

const given = pinOfFragment(location.hash);
if (given) model.open(given);
else model.measure();
