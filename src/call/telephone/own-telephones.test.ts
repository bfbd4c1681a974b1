import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { parseUserInput } from '../../privacy/number-forms.ts';
import { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Alias } from '../../privacy/vault.ts';
import type { NewEvent } from '../../shared/events.ts';
import type { PersonId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import type { EventLog } from '../../store/event-log.ts';
import { createMemoryHub } from '../../store/live/memory-hub.ts';
import { createMemoryLiveState } from '../../store/live/memory-live-state.ts';
import type { OwnTelephoneRow } from '../../store/own-telephones.ts';
import { createOwnTelephones, type DeviceRule } from './own-telephones.ts';

const aoi = 'p_aoi' as PersonId;
const company = '+81310001111';
const number = (text: string) => PhoneNumber.fromCanonical(text)!;

/** Two nodes on one database. */
async function twoNodes(options: { allowed?: boolean; rule?: () => DeviceRule } = {}) {
  const clock = createFakeClock();
  const hub = createMemoryHub({ clock });
  const table = new Map<PersonId, OwnTelephoneRow>();
  const numbers = new Map<string, PhoneNumber>();
  const told: NewEvent[] = [];
  const node = async () =>
    createOwnTelephones({
      clock,
      log: silentLogger,
      rows: {
        put: async (row) => void table.set(row.personId, row),
        byPerson: async (personId) => table.get(personId),
        list: async () => [...table.values()],
      },
      vault: {
        async remember(one) {
          const alias = `A-${one.reveal().slice(-4)}` as Alias;
          numbers.set(alias, one);
          return alias;
        },
        recall: async (alias) => numbers.get(alias),
      },
      events: { append: (async (event: NewEvent) => void told.push(event)) as unknown as EventLog['append'] },
      allowed: options.allowed ?? true,
      companyNumbers: [company],
      checkDial(typed) {
        const parsed = parseUserInput(typed);
        return parsed.kind === 'number'
          ? { kind: 'allowed', number: parsed.number }
          : { kind: 'refused', because: 'This is not a number that can be dialled.' };
      },
      live: await createMemoryLiveState({ hub, clock }),
      ...(options.rule ? { rule: options.rule } : {}),
    });
  return { here: await node(), there: await node(), node, told, table };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

t.test('entered on one node and chosen on another, it is the device on both, and after a restart', async (t) => {
  const { here, there, node, told, table } = await twoNodes();
  t.equal(here.deviceOf(aoi), 'browser');
  t.match(await here.choose(aoi, 'telephone'), { kind: 'conflict', because: /No telephone/ });
  t.strictSame(await here.set(aoi, { number: '090-1234-5678' }, null), { kind: 'ok' });
  await settled();
  t.strictSame(await there.choose(aoi, 'telephone'), { kind: 'ok' });
  await settled();
  t.equal(here.deviceOf(aoi), 'telephone');
  t.match(await here.view(aoi), { device: 'telephone', usable: true, masked: '••••••••78' });
  const again = await node();
  await again.start();
  t.equal(again.deviceOf(aoi), 'telephone');
  t.equal((await again.number(aoi))?.reveal(), '+819012345678');
  t.notMatch(JSON.stringify([told, ...table.values()]), /1234567|12345678/, 'no event and no row has the number');
  t.strictSame(
    told.map(({ type }) => type),
    ['telephone-changed', 'device-chosen'],
  );
});

t.test('who may not, or not at the moment, is at the browser', async (t) => {
  const { here } = await twoNodes();
  await here.set(aoi, { number: '09012345678' }, null);
  await here.choose(aoi, 'telephone');
  await here.set(aoi, { allowed: false }, null);
  t.equal(here.deviceOf(aoi), 'browser');
  t.match(await here.choose(aoi, 'telephone'), { kind: 'forbidden' });
  await here.set(aoi, { allowed: true }, null);
  t.equal(here.deviceOf(aoi), 'telephone', 'the choice was kept');
  await here.set(aoi, { number: null }, null);
  t.equal(here.deviceOf(aoi), 'browser');
  const nobody = await twoNodes({ allowed: false });
  await nobody.here.set(aoi, { number: '09012345678' }, null);
  t.match(await nobody.here.choose(aoi, 'telephone'), { kind: 'forbidden' });
});

t.test('a policy can leave one device only', async (t) => {
  let rule: DeviceRule = 'either';
  const { here } = await twoNodes({ rule: () => rule });
  await here.set(aoi, { number: '09012345678' }, null);
  rule = 'telephone-only';
  t.equal(here.deviceOf(aoi), 'telephone', 'whatever was chosen');
  t.match(await here.choose(aoi, 'browser'), { kind: 'forbidden', because: /Only the telephone/ });
  rule = 'browser-only';
  t.equal(here.deviceOf(aoi), 'browser');
});

t.test('numbers of the company, and what cannot be dialled, are nobody’s own', async (t) => {
  const { here } = await twoNodes();
  t.match(await here.set(aoi, { number: '03-1000-1111' }, null), { kind: 'conflict', because: /come back here/ });
  t.match(await here.set(aoi, { number: 'hello' }, null), { kind: 'forbidden' });
  t.equal(here.isUsable(aoi), false);
});

t.test('a call of ours that comes back is known on every node, as long as it rings', async (t) => {
  const { here, there } = await twoNodes();
  const fromUs = { caller: number(company) };
  t.equal(await there.isLoop(fromUs), false);
  const over = here.ringing('c_1 p_aoi', company);
  await settled();
  t.equal(await there.isLoop(fromUs), true);
  t.equal(await there.isLoop({ caller: number('+819099999999') }), false, 'a customer who calls meanwhile');
  t.equal(await there.isLoop({ caller: undefined }), false);
  over();
  await settled();
  t.equal(await there.isLoop(fromUs), false);
  await here.set(aoi, { number: '09012345678' }, null);
  const divertedBy = [number('+819012345678')];
  t.equal(await here.isLoop({ ...fromUs, divertedBy }), true, 'sent on by an own telephone');
  t.equal(await here.isLoop({ caller: number('+819099999999'), divertedBy }), false, 'a friend of the agent');
  t.equal(await here.isLoop({ ...fromUs, divertedBy: [number('+819088888888')] }), false, 'sent on by somebody else');
});
