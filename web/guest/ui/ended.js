// After the share: what was done, to keep.
import { html } from '../../shared/html.js';
import { plural, t } from '../../shared/texts.js';
import { nameOf } from '../../shared/ui/names.js';
import { controlText, fileText, filesText, spanText } from '../report.js';
import { Elsewhere } from './elsewhere.js';

/** @typedef {import('../main.js').Guest} Guest */

/** @param {{guest: Guest, detail: string}} props */
export function Ended({ guest, detail }) {
  const { record, talk, service } = guest;
  const lines = talk.chat.lines.length;
  return html`<div class="narrow ended">
    <h1 tabindex="-1" ref=${focusOnce}>${t('guest.ended.' + detail)}</h1>
    <p class="quiet">${t(`guest.ended.${detail}.text`)}</p>
    ${guest.occupied && html`<${Elsewhere} guest=${guest} />`}
    <section class="card" aria-labelledby="done-title">
      <h2 id="done-title">${t('guest.done')}</h2>
      <dl>
        <dt>${t('guest.report.shared')}</dt>
        ${record.shared.map((s) => html`<dd>${spanText(s)}</dd>`)}
        <dt>${t('guest.report.watched')}</dt>
        <${People} all=${record.whoWatched} none="guest.report.watched.none" />
        <dt>${t('guest.report.control')}</dt>
        <${People} all=${record.log?.controlled ?? []} none=${controlText(record)} />
        <dt>${t('guest.report.files')}</dt>
        ${record.log?.files.length ? record.log.files.map((f) => html`<dd>${fileText(f)}</dd>`) : html`<dd>${t(filesText(record))}</dd>`}
        ${record.log?.gaps && html`<dd>${t('guest.report.gaps')}</dd>`}
        <dt>${t('chat.label')}</dt>
        <dd>${lines === 0 ? t('guest.done.silent') : plural('guest.done.chat', lines)}</dd>
      </dl>
      <p class="actions">
        <button id="save" type="button" onClick=${() => guest.saveReport()}>${t('guest.save')}</button>
        ${service.abuse && html`<a class="button" id="abuse" href=${service.abuse}>${t('foot.abuse')}</a>`}
      </p>
    </section>
    ${detail !== 'ended' && html`<p class="actions"><button id="share" type="button" class="primary" onClick=${() => guest.begin()}>${t(guest.occupied ? 'guest.share.back' : 'guest.share.more')}</button></p>
    <p class="error" role="alert">${guest.refused && t('guest.refused.' + guest.refused)}</p>`}
  </div>`;
}

/** @param {{all: import('../record.js').Watched[], none: string}} props */
function People({ all, none }) {
  if (all.length === 0) return html`<dd>${t(none)}</dd>`;
  return all.map((w) => html`<dd>${w.name && html`<small>${t('guest.says')}</small> `}<bdi>${nameOf(w)}</bdi><br /><span class="hint">${spanText(w)}</span></dd>`);
}

/** The heading has the keyboard once: what was clicked is gone. @param {HTMLElement | null} heading */
function focusOnce(heading) {
  if (!heading || heading.dataset.focused) return;
  heading.dataset.focused = 'yes';
  heading.focus();
}
