// Shares what the guest picks: the page's side. Frames go to the worker by the best way there is:
//
//	a stream of frames    MediaStreamTrackProcessor in the page (Chromium); not slowed in a hidden tab
//	the track itself      MediaStreamTrackProcessor in the worker (Safari)
//	one after the other   a <video>, where there is neither (Firefox): VideoFrame, else ImageBitmap
//
// There is nothing to share with where getDisplayMedia is missing: on phones, and on plain http.

/** @typedef {import('./messages.js').FromWorker} FromWorker */
/** @typedef {import('./messages.js').Start} Start */
/** @typedef {import('./messages.js').ToWorker} ToWorker */

/** Whether this browser can share at all. */
export const canShare = () => typeof navigator.mediaDevices?.getDisplayMedia === 'function' &&
  typeof Worker === 'function' && typeof OffscreenCanvas === 'function' && 'convertToBlob' in OffscreenCanvas.prototype;

/**
 * Has the guest pick a screen, a window or a tab. Must be called on a click.
 * @returns {Promise<MediaStreamTrack>}
 * @throws {DOMException} NotAllowedError: the guest, or the system, said no
 */
export async function pick() {
  const options = {
    // Its own size: a scaled picture is never exact. The pointer is in the picture: no page may ask where it is.
    // Chromium's dialog begins with the screens then; else with tabs, of which a guest has none to choose.
    video: { frameRate: { max: 30 }, cursor: 'always', displaySurface: 'monitor' },
    audio: false,
    selfBrowserSurface: 'exclude', // a mirror in a mirror
    surfaceSwitching: 'include',
    monitorTypeSurfaces: 'include',
  };
  const stream = await navigator.mediaDevices.getDisplayMedia(/** @type {DisplayMediaStreamOptions} */ (options));
  const [track] = stream.getVideoTracks();
  track.contentHint = 'detail'; // sharp rather than smooth
  return track;
}

/** One sharing, from the pick until its end. */
export class Share {
  #worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'share' });
  /** @type {HTMLVideoElement | null} */
  #video = null;
  /** How frames reach the worker: 'stream', 'track' or 'video'. */
  way = 'video';

  /**
   * @param {MediaStreamTrack} track ended with the sharing
   * @param {Omit<Start, 'type' | 'frames' | 'track'>} start
   * @param {(message: FromWorker) => void} onMessage
   * @param {string | null} [forced] a way, for tests
   */
  constructor(track, start, onMessage, forced = null) {
    this.track = track;
    this.#worker.onmessage = ({ data }) => {
      /** @type {FromWorker} */
      const msg = data;
      if (msg.type === 'want') this.#give();
      else onMessage(msg);
      if (msg.type === 'ended' || msg.type === 'failed') track.stop();
    };
    this.#worker.onerror = (e) => {
      track.stop();
      onMessage({ type: 'failed', problem: e.message });
    };
    // The browser's own bar has a "stop sharing", and a window can be closed.
    track.addEventListener('ended', () => this.stop());
    this.#start({ type: 'start', ...start }, forced);
  }

  /** @param {Start} start @param {string | null} forced */
  #start(start, forced) {
    const Processor = /** @type {any} */ (self).MediaStreamTrackProcessor;
    if (Processor && (!forced || forced === 'stream')) {
      const frames = new Processor({ track: this.track, maxBufferSize: 1 }).readable;
      this.#worker.postMessage({ ...start, frames }, [frames]);
      this.way = 'stream';
      return;
    }
    if (!forced || forced === 'track') {
      try {
        this.#worker.postMessage({ ...start, track: this.track }, [/** @type {any} */ (this.track)]);
        this.way = 'track';
        return;
      } catch {
        // Tracks cannot be given away here.
      }
    }
    this.#video = Object.assign(document.createElement('video'), { muted: true, playsInline: true, srcObject: new MediaStream([this.track]) });
    this.#video.play().catch(() => {}); // without frames there is nothing to give
    this.#worker.postMessage(start);
  }

  /** The worker wants a frame: the next one, or in a hidden tab, which has none, what there is. */
  #give() {
    const video = this.#video;
    if (!video) return;
    const give = async () => {
      clearTimeout(timer);
      if (video.readyState < 2) {
        timer = window.setTimeout(give, 100);
        return;
      }
      const frame = 'VideoFrame' in window ? new VideoFrame(video) : await createImageBitmap(video);
      this.#worker.postMessage({ type: 'frame', frame }, [frame]);
    };
    let timer = window.setTimeout(() => once(), 250);
    let done = false;
    const once = () => {
      if (done) return;
      done = true;
      give();
    };
    if (document.hidden || !('requestVideoFrameCallback' in video)) once();
    else video.requestVideoFrameCallback(() => once());
  }

  /** @param {ToWorker} message */
  post(message) {
    this.#worker.postMessage(message);
  }

  /** The one Stop: nothing more leaves this computer. */
  stop() {
    this.track.stop();
    this.#worker.postMessage({ type: 'stop' });
  }
}
