// Which of the expected phrases a caller has said. Pure. A recogniser gives words with spaces between them, Japanese ones too,
// in whatever script its model learned: width, script of kana, spaces and punctuation make no difference.
// Does not know meanings: a phrase is heard when its letters are in the text.

/** `go` of the longest phrase heard; undefined when none is, or when equally long ones lead to different places. */
export function phraseHeard(
  text: string,
  ways: readonly { phrases: readonly string[]; go: string }[],
): string | undefined {
  const heard = ` ${plain(text)} `;
  const joined = heard.replaceAll(' ', '');
  let best: { length: number; go: string | undefined } = { length: 0, go: undefined };
  for (const { phrases, go } of ways) {
    for (const phrase of phrases) {
      const wanted = plain(phrase);
      const length = wanted.replaceAll(' ', '').length;
      if (length === 0 || length < best.length || !isIn(wanted, heard, joined)) continue;
      if (length > best.length) best = { length, go };
      else if (best.go !== go) best = { length, go: undefined };
    }
  }
  return best.go;
}

/** Latin words are heard whole ("no" is not in "know"); Japanese has no spaces to hold on to. */
function isIn(wanted: string, heard: string, joined: string): boolean {
  const latin = /^[\p{Script=Latin}\p{N}' ]+$/u.test(wanted);
  return latin ? heard.includes(` ${wanted} `) : joined.includes(wanted.replaceAll(' ', ''));
}

function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\u30a1-\u30f6]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))
    .replace(/[^\p{L}\p{N}\p{M}ー']+/gu, ' ')
    .trim();
}
