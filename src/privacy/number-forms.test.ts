import { inspect } from 'node:util';
import t from 'tap';
import { classifyNumber } from './number-classes.ts';
import { type NumberForm, parseTrunkNumber, parseUserInput, toTrunkNumber } from './number-forms.ts';
import { PhoneNumber } from './phone-number.ts';

const canonical = (parsed: ReturnType<typeof parseUserInput>) =>
  parsed.kind === 'number' ? parsed.number.reveal() : `invalid: ${parsed.because}`;
const number = (text: string) => PhoneNumber.fromCanonical(text)!;

t.test('what a person types in Japan becomes one canonical form', async (t) => {
  const cases: [string, string][] = [
    ['03-1234-5678', '+81312345678'],
    ['０９０－１２３４－５６７８', '+819012345678'],
    ['(06) 6123 4567', '+81661234567'],
    ['+81 90 1234 5678', '+819012345678'],
    ['+81 090 1234 5678', '+819012345678'],
    ['0120-123-456', '0120123456'],
    ['+81120123456', '0120123456'],
    ['0800 123 4567', '08001234567'],
    ['080-1234-5678', '+818012345678'],
    ['0570-000-111', '0570000111'],
    ['119', '119'],
    ['050 1234 5678', '+815012345678'],
    ['010 1 212 555 0123', '+12125550123'],
    ['0033-010-44-20-7946-0123', '+442079460123'],
    ['+1 212 555 0123', '+12125550123'],
    ['0422-12-3456', '+81422123456'],
  ];
  for (const [typed, expected] of cases) t.equal(canonical(parseUserInput(typed)), expected, typed);
});

t.test('what is no number is refused with the reason', async (t) => {
  t.equal(canonical(parseUserInput('')), 'invalid: empty');
  t.equal(canonical(parseUserInput('  ')), 'invalid: empty');
  t.equal(canonical(parseUserInput('03-1234-567')), 'invalid: length');
  t.equal(canonical(parseUserInput('sip:bob@example.com')), 'invalid: characters');
  t.equal(canonical(parseUserInput('03-1234-5678;x')), 'invalid: characters');
  t.equal(canonical(parseUserInput('9'.repeat(65))), 'invalid: length');
  t.equal(canonical(parseUserInput('090-123-4567')), 'invalid: length', 'a mobile number one digit short');
  t.equal(canonical(parseUserInput('5551234')), 'invalid: not-a-number');
  t.equal(canonical(parseUserInput('1199')), 'invalid: not-a-number');
});

t.test('184 and 186 are taken off and remembered, and 118 stays what it is', async (t) => {
  const withheld = parseUserInput('184-03-1234-5678');
  t.equal(withheld.kind === 'number' && withheld.presentation, 'withhold');
  t.equal(canonical(withheld), '+81312345678');
  const presented = parseUserInput('186 090-1234-5678');
  t.equal(presented.kind === 'number' && presented.presentation, 'present');
  t.equal(canonical(parseUserInput('118')), '118');
  t.equal(canonical(parseUserInput('184')), '184');
});

t.test('a trunk writes and reads each number in its own form', async (t) => {
  const forms: [NumberForm, string, string, string][] = [
    ['e164', '+81312345678', '0120123456', '+12125550123'],
    ['e164-bare', '81312345678', '0120123456', '12125550123'],
    ['national', '0312345678', '0120123456', '01012125550123'],
  ];
  for (const [form, tokyo, tollFree, abroad] of forms) {
    const written = [tokyo, tollFree, abroad];
    for (const [index, plain] of ['+81312345678', '0120123456', '+12125550123'].entries()) {
      t.equal(toTrunkNumber(number(plain), form), written[index], `${form} ${plain}`);
      t.equal(canonical(parseTrunkNumber(written[index]!, form)), plain, `${form} ${plain} back`);
    }
  }
});

t.test('tel URIs, contexts, escapes and parameters are read', async (t) => {
  t.equal(canonical(parseTrunkNumber('tel:+81-3-1234-5678', 'national')), '+81312345678');
  t.equal(canonical(parseTrunkNumber('0312345678;phone-context=+81', 'e164')), '+81312345678');
  t.equal(canonical(parseTrunkNumber('%2B81312345678', 'national')), '+81312345678');
  t.equal(canonical(parseTrunkNumber('+81312345678;npdi', 'e164')), '+81312345678');
  t.equal(canonical(parseTrunkNumber('anonymous', 'e164')), 'invalid: characters');
  t.equal(canonical(parseTrunkNumber('', 'e164')), 'invalid: empty');
  t.equal(canonical(parseTrunkNumber('+'.repeat(3), 'e164')), 'invalid: characters');
});

t.test('other countries go by their own plan', async (t) => {
  t.equal(canonical(parseUserInput('(212) 555-0123', 'US')), '+12125550123');
  t.equal(canonical(parseUserInput('+81120123456', 'US')), '0120123456');
  t.equal(canonical(parseUserInput('020 7946 0123', 'GB')), '+442079460123');
  t.equal(toTrunkNumber(number('+442079460123'), 'national', 'GB'), '02079460123');
  t.equal(toTrunkNumber(number('+12125550123'), 'national', 'GB'), '0012125550123');
});

t.test('numbers are classed, and what is not certain is unknown', async (t) => {
  const cases: [string, string][] = [
    ['110', 'emergency'],
    ['118', 'emergency'],
    ['119', 'emergency'],
    ['117', 'special-service'],
    ['0990123456', 'premium'],
    ['0570000111', 'navi-dial'],
    ['0120123456', 'toll-free'],
    ['08001234567', 'toll-free'],
    ['+819012345678', 'mobile'],
    ['+816012345678', 'mobile'],
    ['+815012345678', 'ip-phone'],
    ['+81312345678', 'fixed'],
    ['+12125550123', 'international'],
    ['+882161234567', 'satellite'],
    ['0123', 'unknown'],
    ['+81901234567', 'unknown'],
  ];
  for (const [text, expected] of cases) t.equal(classifyNumber(number(text)), expected, text);
  t.equal(classifyNumber(number('+81312345678'), 'US'), 'international');
});

t.test('a number never prints itself', async (t) => {
  const secret = number('+819012345678');
  for (const text of [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }),
    inspect(parseUserInput('09012345678')),
  ])
    t.notMatch(text, /9012345678/);
});
