// What the broker says of itself in the page: see branded in internal/httpapi/branding.go.

/**
 * @typedef {object} Service
 * @property {string[]} origins at which pages can join a session, the public one first
 * @property {boolean} mail it sends mails
 * @property {'needed' | 'none' | 'optional'} key to make sessions
 * @property {string} support a URL; '' for none
 * @property {string} abuse likewise
 */

/** @returns {Service} */
export function readService() {
  const of = document.querySelector('meta[name="service"]');
  const data = of instanceof HTMLMetaElement ? of.dataset : {};
  return {
    origins: (data.origins ?? location.origin).split(' '),
    mail: data.mail === 'on',
    key: data.key === 'needed' || data.key === 'none' ? data.key : 'optional',
    support: data.support ?? '',
    abuse: data.abuse ?? '',
  };
}
