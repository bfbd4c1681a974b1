import { test } from 'tap';
import { newId } from '../shared/ids.ts';
import type { Session } from '../store/records.ts';
import { createPlaces } from './places.ts';

const personId = newId('person');
const session = (address: string, expiresAt = 10): Session => ({
  ...{ id: newId('session'), personId, tokenHash: '', createdAt: 0, seenAt: 0, userAgent: '' },
  ...{ address, expiresAt },
});
const clock = { now: () => 5 } as never;
const sites = [{ name: 'Osaka', networks: ['198.51.100.0/24', '2001:db8:5::/48', '203.0.113.7'] }];
const place = (
  addresses: string[],
  more: { demo?: boolean; registered?: 'centre' | 'home'; expiresAt?: number } = {},
) =>
  createPlaces({
    ...{ clock, sites, demo: more.demo ?? false },
    sessions: { ofPerson: async () => addresses.map((address) => session(address, more.expiresAt)) },
  }).of({ id: personId, place: more.registered ?? 'centre' });

test('whoever comes from a network of a site is in the centre, everybody else at home', async (t) => {
  t.equal(await place(['198.51.100.20']), 'centre');
  t.equal(await place(['::ffff:198.51.100.20']), 'centre');
  t.equal(await place(['2001:db8:5:1::9'], { registered: 'home' }), 'centre');
  t.equal(await place(['203.0.113.8']), 'home', 'registered for the centre proves nothing');
});

test('all sessions of a person must be in the centre, and without one nothing is known', async (t) => {
  t.equal(await place(['198.51.100.20', '192.0.2.1']), 'home');
  t.equal(await place(['198.51.100.20', '203.0.113.7']), 'centre');
  t.equal(await place([]), 'unknown');
  t.equal(await place(['198.51.100.20'], { expiresAt: 5 }), 'unknown', 'a session that is over');
});

test('in the demo, on one machine, whoever is signed in is where the person is registered', async (t) => {
  t.equal(await place(['127.0.0.1'], { demo: true }), 'centre');
  t.equal(await place(['127.0.0.1'], { demo: true, registered: 'home' }), 'home');
  t.equal(await place([], { demo: true }), 'unknown');
});
