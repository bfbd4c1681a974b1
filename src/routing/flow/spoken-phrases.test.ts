import { test } from 'tap';
import { phraseHeard } from './spoken-phrases.ts';

const ways = [
  { phrases: ['契約', '契約の変更', 'contract'], go: 'contract' },
  { phrases: ['商品', 'プラン', 'no'], go: 'product' },
  { phrases: ['変更'], go: 'change' },
];
const heard = (text: string) => phraseHeard(text, ways);

test('the longest phrase that is heard decides', async (t) => {
  t.equal(heard('契約'), 'contract');
  t.equal(heard('あの 契約 の 変更 を お願い します'), 'contract');
  t.equal(heard('住所の変更です'), 'change');
  t.equal(heard('契約と商品'), undefined, 'two as long, to different nodes');
  t.equal(heard(''), undefined);
  t.equal(phraseHeard('x', [{ phrases: ['', '。'], go: 'a' }]), undefined, 'nothing is not heard in everything');
});

test('width, kana, capitals and punctuation make no difference, and English words are heard whole', async (t) => {
  t.equal(heard('ぷらん、ですか？'), 'product');
  t.equal(heard('ﾌﾟﾗﾝ'), 'product');
  t.equal(heard('My CONTRACT, please.'), 'contract');
  t.equal(heard('I don’t know'), undefined);
  t.equal(heard('No!'), 'product');
});
