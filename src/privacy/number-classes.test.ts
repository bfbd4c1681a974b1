// Sources of the table: 電気通信番号計画 (MIC notification 6 of 2019) with the list of 電気通信番号の種類; ITU-T E.164.1 for numbers
// of no country.

import t from 'tap';
import { classifyNumber, countryOfNumber, type NumberClass } from './number-classes.ts';
import { displayNumber, maskedNumber } from './number-display.ts';
import { parseUserInput } from './number-forms.ts';
import { PhoneNumber } from './phone-number.ts';

type Row = [typed: string, expected: NumberClass | 'not a number'];

const japan: Record<string, Row[]> = {
  '0AB-J: fixed, nine digits after the zero, A and B not zero': [
    ['03-1234-5678', 'fixed'],
    ['011-201-3456', 'fixed'],
    ['0123-45-6789', 'fixed'],
    ['04992-2-1234', 'fixed'],
    ['0550-12-3456', 'fixed'],
    ['0980-12-3456', 'fixed'],
    ['03-1234-567', 'not a number'],
    ['00-1234-5678', 'not a number'],
  ],
  '060, 070, 080, 090 with C from 1 to 9: mobile': [
    ['090-1234-5678', 'mobile'],
    ['080-9234-5678', 'mobile'],
    ['070-5234-5678', 'mobile'],
    ['060-1234-5678', 'mobile'],
    ['090-0234-5678', 'not a number'],
    ['0600-123-4567', 'not a number'],
    ['090-1234-567', 'not a number'],
  ],
  '050: IP telephone': [['050-1234-5678', 'ip-phone']],
  '020: data lines and pagers': [
    ['020-1234-5678', 'm2m'],
    ['020-5234-5678', 'm2m'],
    ['020-4234-5678', 'unknown'],
    ['0200-12345-67890', 'm2m'],
  ],
  'toll-free, navi-dial, premium': [
    ['0120-123-456', 'toll-free'],
    ['0800-123-4567', 'toll-free'],
    ['0570-123-456', 'navi-dial'],
    ['0990-123-456', 'premium'],
    ['0180-123-456', 'premium'],
    ['0120-123-45', 'not a number'],
    ['0800-123-456', 'not a number'],
  ],
  'not in use any more, or reached otherwise': [
    ['0170-123-456', 'not a number'],
    ['0190-123-456', 'not a number'],
    ['0910-123-456', 'not a number'],
  ],
  'three digits: emergency, and services': [
    ['110', 'emergency'],
    ['118', 'emergency'],
    ['119', 'emergency'],
    ['184-110', 'emergency'],
    ['１１９', 'emergency'],
    ['104', 'special-service'],
    ['117', 'special-service'],
    ['171', 'special-service'],
    ['188', 'special-service'],
    ['189', 'special-service'],
    ['186', 'special-service'],
    ['#7119', 'not a number'],
  ],
  'no way of writing makes an emergency call of another number, nor another number of one': [
    ['0110', 'not a number'],
    ['+81110', 'not a number'],
    ['+81 119', 'not a number'],
    ['1100', 'not a number'],
    ['11', 'not a number'],
    ['110-0000', 'not a number'],
    ['010-119', 'not a number'],
    ['00110', 'not a number'],
    ['1119', 'not a number'],
    ['184184110', 'not a number'],
  ],
  'abroad, however it is written': [
    ['+1 212 555 0123', 'international'],
    ['010-44-20-7183-8750', 'international'],
    ['0061-010-44-20-7183-8750', 'international'],
    ['009130-010-44-20-7183-8750', 'international'],
    ['184-010-44-20-7183-8750', 'international'],
    ['+1 900 555 1234', 'premium'],
    ['+44 909 879 0000', 'premium'],
    ['+979 1 2345 6789', 'premium'],
    ['+870 773 111 632', 'satellite'],
    ['+8816 123 45678', 'satellite'],
    ['+882 16 1234567', 'satellite'],
  ],
};

for (const [what, rows] of Object.entries(japan)) {
  t.test(`Japan: ${what}`, async (t) => {
    for (const [typed, expected] of rows) {
      const parsed = parseUserInput(typed);
      const found = parsed.kind === 'number' ? classifyNumber(parsed.number) : 'not a number';
      t.equal(found, expected, typed);
    }
  });
}

t.test('elsewhere a number is what libphonenumber says of it, and emergency numbers are known', async (t) => {
  const rows: [string, string, NumberClass][] = [
    ['GB', '020 7183 8750', 'fixed'],
    ['GB', '07400 123456', 'mobile'],
    ['GB', '0800 123 4567', 'toll-free'],
    ['GB', '0909 879 0000', 'premium'],
    ['GB', '999', 'emergency'],
    ['US', '911', 'emergency'],
    ['US', '(212) 555-0123', 'fixed'],
    ['US', '+1 876 456 7890', 'international'],
    ['DE', '112', 'emergency'],
    ['GB', '+81 3 1234 5678', 'international'],
  ];
  for (const [country, typed, expected] of rows) {
    const parsed = parseUserInput(typed, country);
    t.equal(parsed.kind === 'number' && classifyNumber(parsed.number, country), expected, `${country} ${typed}`);
  }
});

const number = (canonical: string) => PhoneNumber.fromCanonical(canonical)!;

t.test('countries are told apart that share a code', async (t) => {
  t.equal(countryOfNumber(number('+12125550123')), 'US');
  t.equal(countryOfNumber(number('+18764567890')), 'JM');
  t.equal(countryOfNumber(number('+81312345678')), 'JP');
  t.equal(countryOfNumber(number('0120123456')), 'JP');
  t.equal(countryOfNumber(number('+870773111632')), undefined);
});

t.test('a number as people read it', async (t) => {
  const rows: [string, string][] = [
    ['+81312345678', '03-1234-5678'],
    ['+81123456789', '0123-45-6789'],
    ['+819012345678', '090-1234-5678'],
    ['+815012345678', '050-1234-5678'],
    ['0120123456', '0120-123-456'],
    ['08001234567', '0800-123-4567'],
    ['0570123456', '0570-123-456'],
    ['110', '110'],
    ['+442071838750', '+44 20 7183 8750'],
  ];
  for (const [canonical, shown] of rows) t.equal(displayNumber(number(canonical)), shown);
});

t.test('a masked number tells its owner, and nobody else', async (t) => {
  t.equal(maskedNumber(number('+819012345678')), '••••••••78');
  t.equal(maskedNumber(number('+81312345699')), '••••••••99');
});
