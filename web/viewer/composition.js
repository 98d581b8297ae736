// Keyboards on glass compose each word before they give it: letter by letter is how it is to
// appear on the other side. Input methods for Chinese, Japanese and Korean compose what is not yet
// text; their result comes when it is there. Pure.

/** @typedef {{remove: number, add: string}} Change characters to take back, text to type then */

const UNFINISHED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u;

export class Composition {
  /** @type {string[]} characters of the word that were typed already */
  #typed = [];

  /**
   * The word has changed.
   * @param {string} word as it is composed now
   * @returns {Change}
   */
  update(word) {
    return this.#to(UNFINISHED.test(word) ? '' : word);
  }

  /**
   * The word is finished.
   * @param {string} word
   * @returns {Change}
   */
  end(word) {
    const change = this.#to(word);
    this.#typed = [];
    return change;
  }

  /** @param {string} word */
  #to(word) {
    const now = [...word];
    let same = 0;
    while (same < now.length && now[same] === this.#typed[same]) same++;
    const change = { remove: this.#typed.length - same, add: now.slice(same).join('') };
    this.#typed = now;
    return change;
  }
}
