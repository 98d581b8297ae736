// What a guest's browser and system can do: share at once, run the program, or neither. Pure.

/** @typedef {'linux' | 'windows' | 'mac' | 'chromeos' | 'android' | 'ios' | 'other'} System */
/**
 * @typedef {object} Ways
 * @property {System} system
 * @property {'yes' | 'phone' | 'insecure' | 'old'} browser whether this page can share, or why not
 * @property {'yes' | 'phone' | 'notyet'} program whether there is one for this system
 */

/**
 * Which system a browser says that it runs on.
 * @param {{userAgent: string, platform?: string, touchPoints?: number}} of platform is that of navigator.userAgentData
 * @returns {System}
 */
export function systemOf({ userAgent, platform = '', touchPoints = 0 }) {
  const says = `${platform} ${userAgent}`;
  if (/android/i.test(says)) return 'android';
  if (/iphone|ipad|ipod/i.test(says)) return 'ios';
  if (/mac ?os/i.test(says)) return touchPoints > 1 ? 'ios' : 'mac'; // an iPad calls itself a Mac, but no Mac has a touch screen
  if (/\bcros\b|chrome ?os/i.test(says)) return 'chromeos';
  if (/windows/i.test(says)) return 'windows';
  return /linux|x11|bsd/i.test(says) ? 'linux' : 'other';
}

/**
 * The ways to share, and why there is not one. A phone is named first: no other address would help there.
 * @param {object} of
 * @param {System} of.system
 * @param {boolean} of.canShare see share.js
 * @param {boolean} of.secure the page came by https, or from this computer
 * @returns {Ways}
 */
export function waysOf({ system, canShare, secure }) {
  const phone = system === 'android' || system === 'ios';
  return {
    system,
    browser: canShare ? 'yes' : phone ? 'phone' : secure ? 'old' : 'insecure',
    program: phone ? 'phone' : system === 'linux' ? 'yes' : 'notyet',
  };
}

/**
 * Why nothing was picked: the guest said no, or their system does not let this browser look.
 * @param {unknown} error that pick() threw
 * @returns {'no' | 'system' | 'failed'}
 */
export function refusal(error) {
  if (!(error instanceof DOMException)) return 'failed';
  if (error.name === 'NotAllowedError') return /system/i.test(error.message) ? 'system' : 'no';
  return error.name === 'AbortError' ? 'no' : error.name === 'NotReadableError' ? 'system' : 'failed';
}
