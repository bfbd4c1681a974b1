import t from 'tap';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import type { DeviceId, SessionId } from '../shared/ids.ts';
import { createSoftphoneTickets, ticketLastsMs } from './softphone-tickets.ts';

const hers = { id: 's_1' as SessionId };
const his = { id: 's_2' as SessionId };
const onDevice = { id: 's_1' as SessionId, deviceId: 'd_1' as DeviceId };

t.test('a ticket is good once, for its session and device, for half a minute', async (t) => {
  const clock = createFakeClock();
  const tickets = createSoftphoneTickets({ clock });
  const { ticket } = tickets.mint(hers);
  t.equal(await tickets.redeem(ticket, his), false, 'another session');
  t.equal(await tickets.redeem(ticket, onDevice), false, 'the session, now on another device');
  t.equal(await tickets.redeem(ticket, hers), true);
  t.equal(await tickets.redeem(ticket, hers), false, 'used');
  const late = tickets.mint(hers);
  clock.advance(ticketLastsMs - 1);
  const inTime = tickets.mint(hers);
  clock.advance(1);
  t.equal(await tickets.redeem(late.ticket, hers), false, 'its time is up');
  t.equal(await tickets.redeem(inTime.ticket, hers), true);
});

t.test('a ticket that was changed or made up is none', async (t) => {
  const clock = createFakeClock();
  const tickets = createSoftphoneTickets({ clock });
  const { ticket, expiresAt } = tickets.mint(hers);
  const [, nonce, mac] = ticket.split('.');
  for (const wrong of [
    '',
    'x',
    `${expiresAt + 60_000}.${nonce}.${mac}`,
    `${expiresAt}.${nonce!.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}.${mac}`,
    createSoftphoneTickets({ clock }).mint(hers).ticket,
    `${ticket} `,
  ])
    t.equal(await tickets.redeem(wrong, hers), false, wrong);
  t.equal(await tickets.redeem(ticket, hers), true);
});

t.test('used at one node is used at all', async (t) => {
  const clock = createFakeClock();
  const counted = new Set<string>();
  const overNodes = {
    takeToken: async (key: string) => ({ allowed: !counted.has(key) && !!counted.add(key), retryAfterMs: 0 }),
  };
  const key = Buffer.alloc(32, 7);
  const [east, west] = [1, 2].map(() => createSoftphoneTickets({ clock, key, overNodes }));
  const { ticket } = east!.mint(hers);
  t.equal(await west!.redeem(ticket, hers), true);
  t.equal(await east!.redeem(ticket, hers), false);
});
