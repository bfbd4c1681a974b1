// What may be dialled, how often, and what never by accident, with the whole program: caps on costly calls, one country opened
// and not its neighbours, emergency numbers from home and from the centre.

import t from 'tap';
import type { EngawaEvent } from '../../src/shared/events.ts';
import { numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const patience = { withinMs: 30_000 };
const siteNumber = numbers.contract;

const centre = await startCentre(t, {
  config: {
    dialling: {
      numbersAllowed: ['agent'],
      reason: 'product-question',
      allowCountries: ['US'],
      allowNumbers: ['0570000111'],
      emergencyTrunk: 'carrier',
      emergencyPresentedNumber: siteNumber,
      caps: [
        { name: 'abroad', per: 'person', window: 'hour', classes: ['international'], calls: 2, alarmPercent: 50 },
        { name: 'any', per: 'person', window: 'hour', calls: 4 },
      ],
    },
  },
});
const { carrier, engawa } = centre;
const hanako = await centre.desk('hanako', 660);
const taro = await centre.desk('taro', 790);
const invites = () => carrier.called.map(({ invite }) => /sip:([^@]+)@/.exec(invite.line)?.[1]);

t.afterEach(async () => {
  for (const desk of [hanako, taro]) {
    await desk.setState('not-ready', 'test');
    await desk.inState('not-ready');
  }
  await centre.atRest();
});

async function dialOut(number: string): Promise<string | number> {
  carrier.next({ refuse: 486 });
  const answer = await hanako.dial({ number });
  if (answer.status !== 201) return (answer.body as unknown as { code: string }).code;
  await centre.endedCall(answer.body.callId);
  await centre.atRest();
  return answer.status;
}

async function told(type: EngawaEvent['type']): Promise<EngawaEvent[]> {
  return eventually(
    `an event ${type}`,
    () => {
      const found = supervisor.filter((event) => event.type === type);
      return found.length > 0 ? found : undefined;
    },
    patience,
  );
}

const supervisor: EngawaEvent[] = [];
const midori = await centre.desk('midori', 0, { withoutPhone: true });
const follow = () => {
  for (const { event, data } of midori.feed.splice(0)) if (event === 'event') supervisor.push(data);
};
const following = setInterval(follow, 50);
t.teardown(() => clearInterval(following));

t.test(
  'a country is open and its neighbour with the same code is not; a number is open and its class is not',
  async (t) => {
    t.equal(await dialOut('+1 876 456 7890'), 'dial-international');
    t.equal(await dialOut('+1 900 555 1234'), 'dial-premium');
    t.equal(await dialOut('+870 773 111 632'), 'dial-satellite');
    t.equal(await dialOut('0570-000-112'), 'dial-navi-dial');
    t.equal(carrier.called.length, 0);
    t.equal(await dialOut('0570-000-111'), 201);
    t.strictSame(invites(), ['0570000111']);
  },
);

t.test('the third call abroad in an hour is refused with its code; supervisors are told', async (t) => {
  t.equal(await dialOut('+1 212 555 0123'), 201);
  t.match(await told('toll-cap'), [{ level: 'alarm', cap: 'abroad', used: 1, limit: 2, subject: hanako.personId }]);
  t.equal(await dialOut('+1 212 555 0124'), 201);
  t.equal(await dialOut('+1 212 555 0125'), 'dial-cap');
  await eventually(
    'a supervisor reads it',
    () => supervisor.some((event) => event.type === 'toll-cap' && event.level === 'reached'),
    patience,
  );
  t.equal(await dialOut('080-1111-2222'), 201, 'other numbers go on');
  t.equal(await dialOut('080-1111-2222'), 'dial-cap', 'until theirs is reached');
  t.strictSame(invites().slice(1), ['01012125550123', '01012125550124', '08011112222']);
});

t.test('from home an emergency number is refused, in writing and aloud, and nothing goes out', async (t) => {
  const before = carrier.called.length;
  const refused = { status: 403, body: { code: 'dial-emergency-not-here' } };
  t.match(await hanako.dial({ number: '110' }), refused);
  await eventually('the desk is rung', () => hanako.line?.state === 'answered', patience);
  await eventually('the desk hears it said', () => (hanako.line?.media.loudness(300) ?? 0) > 100, patience);
  for (const number of ['１１９', '184-118'])
    t.match(await hanako.dial({ number }), refused, `${number}: while it is said`);
  hanako.bye();
  await hanako.shows('over', (desk) => desk.call === null);
  t.equal(carrier.called.length, before);
  t.match(await told('emergency-dialled'), [{ outcome: 'refused', place: 'home', personId: hanako.personId }]);
});

t.test('from the centre it goes out by the site’s trunk with the site’s number, whatever the caps say', async (t) => {
  for (let i = 0; i < 5; i++) {
    carrier.next({ refuse: 486 });
    const answer = await taro.dial({ number: '119' });
    t.equal(answer.status, 201);
    await centre.endedCall(answer.body.callId);
    await centre.atRest();
  }
  const { invite } = carrier.called.at(-1)!;
  t.match(invite.line, /^INVITE sip:119@/);
  t.match(invite.get('From'), /0310002222/);
  const placed = supervisor.filter((event) => event.type === 'emergency-dialled' && event.outcome === 'placed');
  t.match(placed, [{ place: 'centre', trunk: 'carrier', personId: taro.personId }]);
});

t.test('the log says that a cap was reached and that somebody called for help', async (t) => {
  const log = engawa.log();
  t.match(log, /calls out come to their cap/);
  t.match(log, /an emergency call was refused/);
  t.match(log, /an emergency call goes out/);
});

t.test('what was unusual can be looked up, newest first', async (t) => {
  interface Alarm {
    kind: string;
    personId: string | null;
    subject: string | null;
  }
  const { items } = await engawa.get<{ items: Alarm[] }>('/api/v1/alarms');
  t.match(items[0], { kind: 'emergency-dialled', personId: taro.personId, subject: 'carrier', because: 'placed' });
  const kinds = items.map(({ kind }) => kind);
  t.ok(kinds.includes('toll-cap-near') && kinds.includes('toll-cap-reached'), kinds.join(' '));
  t.notOk(kinds.includes('trunk-down'), 'what is well is not unusual');
  // An id may have these digits within it.
  t.notMatch(JSON.stringify(items), /\b(?:119|110)\b|0101212/, 'no number');
});
