// While the screen is shared: what is happening and the one Stop, the question if there is one, who
// is here, a picture of what is shared, and the chat.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { ChatView } from '../../shared/ui/chat.js';
import { Icon } from '../../shared/ui/icons.js';
import { nameOf } from '../../shared/ui/names.js';
import { Preview } from './preview.js';
import { Program } from './program.js';
import { Question } from './question.js';

/** @typedef {import('../main.js').Guest} Guest */
/** @typedef {import('../party.js').Person} Person */

/** @param {{guest: Guest, detail: string}} props */
export function Sharing({ guest, detail }) {
  const people = guest.shared?.people ?? [];
  const watching = people.filter((p) => p.sees);
  const question = guest.shared?.question;
  const lines = guest.talk.chat.lines;
  return html`<div class="sharing">
    <section id="state" data-watched=${watching.length > 0 ? 'yes' : 'no'} aria-labelledby="state-title">
      <span class="lamp" aria-hidden="true"></span>
      <div>
        <h1 id="state-title">${watching.length > 0 ? t('guest.watched', { names: watching.map(nameOf).join(', ') }) : t('guest.state.' + detail)}</h1>
        <p>${t(watching.length > 0 && detail === 'watched' ? 'guest.control.none' : `guest.state.${detail}.text`)}</p>
      </div>
      <button id="stop" type="button" onClick=${() => guest.stop()}>${t('guest.stop')}</button>
    </section>
    ${question && html`<${Question} key=${`${question.viewer}/${question.shown}`} guest=${guest} question=${question} />`}
    <div class="panes">
      <div>
        <section class="card" aria-labelledby="here-title">
          <h2 id="here-title">${t('guest.here')}</h2>
          ${guest.organisation && html`<p class="organisation"><${Icon} name="check" /><span><bdi>${guest.organisation}</bdi> <small>${t('people.verified')}</small></span></p>`}
          ${people.length === 0 ? html`<p class="quiet">${t('guest.here.nobody')}</p>` : html`<ul class="people-list">${people.map((p) => html`<${Here} key=${p.viewer} guest=${guest} person=${p} />`)}</ul>`}
          <p class="hint">${t('guest.pin.give')} <strong class="pin-small" dir="ltr">${guest.pin}</strong></p>
        </section>
        ${guest.preview && html`<${Preview} guest=${guest} track=${guest.preview} points=${[...guest.points]} />`}
      </div>
      <div>
        <section class="card talk" aria-labelledby="chat-title">
          <h2 id="chat-title">${t('chat.label')}</h2>
          <${ChatView} talk=${guest.talk} lines=${lines} calm=${true} />
        </section>
        ${guest.shared?.handover && (guest.ways.program === 'yes' || guest.program) && html`<${Program} guest=${guest} handover=${guest.shared.handover} />`}
      </div>
    </div>
  </div>`;
}

/** @param {{guest: Guest, person: Person}} props */
function Here({ guest, person }) {
  const name = nameOf(person);
  const since = guest.record.watched.find((w) => w.to === 0 && w.viewer === person.viewer)?.from ?? 0;
  return html`<li data-viewer=${person.viewer} data-sees=${person.sees ? 'yes' : undefined}>
    <div>
      <p class="name">${person.name ? html`<small>${t('guest.says')}</small> <bdi>${name}</bdi>` : name}</p>
      <p class="hint">${person.sees ? t('guest.since', { time: new Date(since).toLocaleTimeString(document.documentElement.lang, { timeStyle: 'short' }) }) : t(person.asks ? 'people.asks.view' : 'people.waits')}</p>
      ${person.wished && html`<p class="hint">${t('guest.wished')}</p>`}
    </div>
    ${person.sees && html`<button type="button" class="revoke" aria-label=${t('guest.revoke.label', { name })} onClick=${() => guest.revoke(person.viewer)}>${t('guest.revoke')}</button>`}
  </li>`;
}
