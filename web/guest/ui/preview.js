// A picture of what is shared, with the places where technicians point. It stands still and is renewed
// when somebody points, on a click, and when the page is looked at again: on a shared screen that
// shows this page, a live picture would be a mirror in a mirror, and never still.
import { Component, createRef, html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { nameOf } from '../../shared/ui/names.js';

/** @typedef {import('../main.js').Guest} Guest */

const RENEW_AFTER = 1000; // ms between two pictures while somebody points

/** @extends {Component<{guest: Guest, track: MediaStreamTrack, points: [number, {x: number, y: number}][]}>} */
export class Preview extends Component {
  video = createRef();
  state = { w: 0, h: 0 };
  #renewed = 0;
  #seen = () => {
    if (!document.hidden) this.renew();
  };

  componentDidMount() {
    const video = /** @type {HTMLVideoElement} */ (this.video.current);
    video.muted = true;
    video.srcObject = new MediaStream([this.props.track]);
    video.addEventListener('resize', () => this.setState({ w: video.videoWidth, h: video.videoHeight }));
    document.addEventListener('visibilitychange', this.#seen);
    this.renew();
  }

  componentDidUpdate() {
    if (this.props.points.length > 0 && performance.now() - this.#renewed > RENEW_AFTER) this.renew();
  }

  componentWillUnmount() {
    document.removeEventListener('visibilitychange', this.#seen);
    const video = /** @type {HTMLVideoElement} */ (this.video.current);
    video.srcObject = null;
  }

  /** Shows the next frame, and stays with it. */
  renew() {
    this.#renewed = performance.now();
    const video = /** @type {HTMLVideoElement} */ (this.video.current);
    video.play().catch(() => {}); // it was taken away meanwhile
    const still = () => {
      video.pause();
      this.setState({ w: video.videoWidth, h: video.videoHeight });
    };
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(still);
    else /** @type {HTMLVideoElement} */ (video).addEventListener('timeupdate', still, { once: true });
  }

  render() {
    const { guest, points } = this.props;
    const { w, h } = this.state;
    const named = points.map(([viewer, at]) => ({ viewer, at, name: nameOf(guest.shared?.people.find((p) => p.viewer === viewer) ?? { viewer }) }));
    const unit = Math.max(w, h) / 100;
    return html`<section class="card preview" aria-labelledby="preview-title">
      <h2 id="preview-title">${t('guest.preview')}</h2>
      <div class="frame">
        <video ref=${this.video} playsinline aria-label=${t('guest.preview')}></video>
        ${w > 0 && html`<svg viewBox=${`0 0 ${w} ${h}`} aria-hidden="true" focusable="false">
          ${named.map(({ viewer, at, name }) => html`<g key=${viewer} class="point" data-viewer=${viewer}>
            <circle cx=${at.x} cy=${at.y} r=${unit * 1.5} stroke-width=${unit * 0.5} />
            <text x=${at.x} y=${at.y - unit * 2.5} font-size=${unit * 3} text-anchor=${at.x > w * 0.8 ? 'end' : at.x < w * 0.2 ? 'start' : 'middle'} stroke-width=${unit * 0.8}>${name}</text>
          </g>`)}
        </svg>`}
      </div>
      <p class="foot"><span class="hint" role="status">${named.length > 0 ? t('guest.points', { names: named.map((n) => n.name).join(', ') }) : t('guest.preview.still')}</span>
        <button id="renew" type="button" onClick=${() => this.renew()}>${t('guest.preview.renew')}</button></p>
    </section>`;
  }
}
