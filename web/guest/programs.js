// Which of the operator's programs runs on the guest's system, and where it is. Pure.

/**
 * @typedef {object} Program
 * @property {string} os
 * @property {string} arch
 * @property {number} bytes
 */

/**
 * The processor that a browser names; most of those that name none run programs for amd64.
 * @param {{userAgent: string, architecture?: string}} of architecture is that of navigator.userAgentData
 */
export function archOf({ userAgent, architecture = '' }) {
  return architecture === 'arm' || /aarch64|arm64/i.test(userAgent) ? 'arm64' : 'amd64';
}

/**
 * The program for a system, of those that /resources/programs.json lists; null for none. Windows on ARM runs
 * those for amd64 as well, Linux does not.
 * @param {unknown} list hostile: whatever came
 * @param {string} system as systemOf says it
 * @param {string} arch
 * @returns {Program | null}
 */
export function programFor(list, system, arch) {
  const os = system === 'mac' ? 'macos' : system;
  const all = Array.isArray(list) ? list.filter((p) => p?.os === os && Number.isSafeInteger(p.bytes) && p.bytes > 0) : [];
  const found = all.find((p) => p.arch === arch) ?? (os === 'windows' ? all.find((p) => p.arch === 'amd64') : undefined);
  return found ? { os, arch: String(found.arch), bytes: found.bytes } : null;
}

/**
 * Where a session's program is downloaded.
 * @param {string} pin
 * @param {Program} program
 */
export function exeURL(pin, { os, arch }) {
  return '/api/v1/exe?' + new URLSearchParams({ session_pin: pin, os, arch });
}

/**
 * What starts a downloaded program in a terminal of Linux, where a download may not run by itself. What the
 * file is called besides the PIN only the broker knows, and a browser may have numbered it. The handover secret
 * goes by the environment: what stands in a command line all users of the computer can read.
 * @param {object} of
 * @param {string} of.pin
 * @param {string} of.broker its address
 * @param {boolean} of.got it was downloaded here, else it is installed
 * @param {string} [of.handover] '' for none
 */
export function startCommand({ pin, broker, got, handover = '' }) {
  const before = handover && `PINDESK_HANDOVER=${handover} `;
  return got ? `cd "$(xdg-user-dir DOWNLOAD)"; p=$(ls -t PinDesk_${pin}*.bin | head -n 1); chmod +x "$p"; ${before}"./$p"`
    : `${before}presenter --broker ${broker} --pin ${pin}`;
}
