// What people are called. Names are what they say of themselves.
import { t } from '../texts.js';

/**
 * What a viewer is called: unnamed ones and twins have their number.
 * @param {{viewer: number, name?: string, twin?: boolean}} v
 */
export function nameOf(v) {
  if (!v.name) return t('people.unnamed', { number: v.viewer });
  return v.twin ? t('who.twin', { name: v.name, number: v.viewer }) : v.name;
}
