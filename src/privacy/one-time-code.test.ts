import t from 'tap';
import { seededRandom } from '../shared/random.ts';
import { hashCode, hashCustomerKey, isCode, makeCode, shownCode } from './one-time-code.ts';

const seed = Date.now() % 1_000_000;
const random = seededRandom(seed);
const key = Buffer.alloc(32, 1);

t.test(`what is made is a code; every slip and every swap of neighbours is none (seed ${seed})`, async (t) => {
  for (let i = 0; i < 300; i++) {
    const code = makeCode(random);
    t.match(code, /^\d{8}$/);
    if (!isCode(code)) t.fail(code);
    for (let at = 0; at < 8; at++) {
      for (let digit = 0; digit < 10; digit++) {
        const slip = code.slice(0, at) + digit + code.slice(at + 1);
        if (slip !== code && isCode(slip)) t.fail(`${slip} is taken for ${code}`);
      }
      const swapped = code.slice(0, at) + (code[at + 1] ?? '') + code[at] + code.slice(at + 2);
      if (swapped !== code && isCode(swapped)) t.fail(`${swapped} is taken for ${code}`);
    }
  }
});

t.test('the example that Damm gives: 572 is followed by 4', async (t) => {
  // Leading zeros leave the interim digit at 0.
  t.ok(isCode('00005724'));
  for (const digits of ['', '0000572', '0000572٤', '000057240', '0000572a']) t.notOk(isCode(digits), digits);
});

t.test('codes are spread evenly', async (t) => {
  const counts = new Array(10).fill(0);
  for (let i = 0; i < 2000; i++) for (const digit of makeCode(random)) counts[Number(digit)]++;
  for (const count of counts) t.ok(count > 1300 && count < 1900, String(count));
});

t.test('a code is shown in two halves, and hashed with the key', async (t) => {
  t.equal(shownCode('12345678'), '1234 5678');
  t.match(hashCode('12345678', key), /^[0-9a-f]{64}$/);
  t.not(hashCode('12345678', key), hashCode('12345678', Buffer.alloc(32, 2)));
  t.not(hashCode('12345678', key), hashCustomerKey('12345678', key));
});
