import t from 'tap';
import { createTollBook, type TollCap, type TollUse } from './toll-caps.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = 1_700_000_000_000;
const cap = (more: Partial<TollCap>): TollCap => ({
  ...{ name: 'a', per: 'person', window: 'hour', classes: [], alarmPercent: 80 },
  ...more,
});
let legs = 0;
const use = (more: Partial<TollUse> = {}): TollUse => {
  const legId = `l${++legs}`;
  return {
    ...{ legId, callId: `c${legs}`, personId: 'aoi', numberClass: 'mobile', trunk: null },
    ...{ dialledAt: start, answeredAt: null, endedAt: null, ...more },
  };
};
const call = (more: Partial<TollUse> = {}) => ({ personId: 'aoi', numberClass: 'mobile', trunk: null, ...more });

t.test('calls are counted by person, in the last hour, whether answered or not', async (t) => {
  const book = createTollBook({ caps: [cap({ calls: 2 })], rates: {} });
  book.dialled(use());
  t.equal(book.refusing(call(), start), undefined);
  const second = use({ dialledAt: start + minute });
  book.dialled(second);
  book.dialled(second);
  t.match(book.refusing(call(), start + minute), { unit: 'calls', used: 2, limit: 2, subject: 'aoi' });
  t.equal(book.refusing(call({ personId: 'ren' }), start + minute), undefined, 'another person');
  t.equal(book.refusing(call({ personId: null }), start + minute), undefined, 'a flow is no person');
  t.equal(book.refusing(call(), start + hour), undefined, 'an hour later');
});

t.test('minutes count up to now while a call runs, and only those inside the window', async (t) => {
  const book = createTollBook({ caps: [cap({ minutes: 30 })], rates: {} });
  const long = use();
  book.dialled(long);
  book.answered(long.legId, 'ntt', start);
  t.equal(book.refusing(call(), start + 29 * minute), undefined);
  t.match(book.refusing(call(), start + 30 * minute), { unit: 'minutes', used: 30 });
  book.ended(long.legId, start + 40 * minute);
  t.match(book.refusing(call(), start + 65 * minute), { used: 35 });
  t.equal(book.refusing(call(), start + 71 * minute), undefined, 'what is older than the window is free again');
});

t.test('cost is minutes by the rate of the kind; a cap counts the kinds it names', async (t) => {
  const book = createTollBook({
    caps: [cap({ per: 'company', window: 'day', classes: ['international', 'satellite'], cost: 1000 })],
    rates: { international: 60, satellite: 300, mobile: 16 },
  });
  for (const [numberClass, minutes] of [
    ['mobile', 600],
    ['international', 10],
    ['satellite', 1],
  ] as const) {
    const one = use({ numberClass, personId: numberClass });
    book.dialled(one);
    book.answered(one.legId, 'ntt', start);
    book.ended(one.legId, start + minutes * minute);
  }
  const abroad = call({ numberClass: 'international' });
  t.equal(book.refusing(abroad, start + hour), undefined, '900 of 1000');
  t.match(book.alarming(abroad, start + hour), [{ used: 900, limit: 1000, unit: 'cost' }], 'beyond the alarm');
  const more = use({ numberClass: 'satellite', dialledAt: start + hour });
  book.dialled(more);
  book.answered(more.legId, 'ntt', start + hour);
  t.match(book.refusing(abroad, start + hour + minute / 2), { used: 1050 });
  t.equal(book.refusing(call(), start + 2 * hour), undefined, 'a mobile number is not of these kinds');
  t.match(book.costOf(more.legId, start + hour + minute), { minutes: 1, cost: 300 });
});

t.test('a trunk is known only when it has answered', async (t) => {
  const book = createTollBook({ caps: [cap({ per: 'trunk', window: 'day', minutes: 10 })], rates: {} });
  const one = use();
  book.dialled(one);
  book.answered(one.legId, 'ntt', start);
  book.ended(one.legId, start + 10 * minute);
  t.equal(book.refusing(call(), start + hour), undefined);
  t.match(book.refusing(call({ trunk: 'ntt' }), start + hour), { subject: 'ntt' });
  t.equal(book.refusing(call({ trunk: 'other' }), start + hour), undefined);
});

t.test('a call of a node that is gone ends with its record', async (t) => {
  const book = createTollBook({ caps: [cap({ window: 'day', minutes: 60 })], rates: {} });
  const lost = use();
  book.dialled(lost);
  book.answered(lost.legId, 'ntt', start);
  book.callEnded(lost.callId, start + minute);
  t.equal(book.refusing(call(), start + 5 * hour), undefined);
});

t.test('a day of many calls costs little memory and time', async (t) => {
  const book = createTollBook({ caps: [cap({ window: 'day', calls: 1_000_000, minutes: 1e9, cost: 1e9 })], rates: {} });
  for (let i = 0; i < 50_000; i++) {
    const one = use({ dialledAt: start + i * 1000 });
    book.dialled(one);
    book.ended(one.legId, start + i * 1000 + 500);
  }
  const before = performance.now();
  book.refusing(call(), start + 50_000_000);
  const tookMs = performance.now() - before;
  t.ok(tookMs < 500, `${tookMs.toFixed(1)} ms`);
});
