import t from 'tap';
import { questionOf, questionTexts } from './questions.ts';
import { codeFactor } from './verification-settings.ts';

t.test('the company’s words are said, else ours; in kana when there is a reading', async (t) => {
  const ask = {
    ja: '生年月日を押してください。',
    jaKana: 'せいねんがっぴを おしてください。',
    en: 'Your date of birth, please.',
  };
  t.equal(questionOf({ ...codeFactor, ask }, 'en', false), ask.en);
  t.equal(questionOf({ ...codeFactor, ask }, 'ja', false), ask.jaKana);
  t.equal(questionOf({ ...codeFactor, ask: { ja: ask.ja, en: ask.en } }, 'ja', false), ask.ja);
  t.match(questionOf(codeFactor, 'en', true), /^Once more.*One-time code/);
  t.notMatch(questionOf(codeFactor, 'ja', true), /\p{Script=Han}/u, 'readable for the speech that comes along');
});

t.test('everything that may be asked can be spoken in advance', async (t) => {
  const texts = questionTexts([codeFactor]);
  t.equal(texts.length, 4);
  t.equal(new Set(texts.map(({ text }) => text)).size, 4);
});
