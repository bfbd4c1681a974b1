// Where somebody works today follows the session: what its requests come from, on a real database.

import t from 'tap';
import { createIdentity } from '../../src/identity/identity.ts';
import { createPlaces } from '../../src/identity/places.ts';
import { systemClock as clock } from '../../src/shared/clock.ts';
import type { PersonId } from '../../src/shared/ids.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { testDatabase, testStore } from '../support/servers/database.ts';

const store = await testStore(t, { url: await testDatabase(t) });
const sites = [{ name: 'Osaka', networks: ['198.51.100.0/24'] }];
const places = createPlaces({ clock, sites, sessions: store.sessions });
const identity = createIdentity({ clock, log, store, places });
t.teardown(() => identity.close());
const [inTheCentre, alsoThere, atHome] = ['198.51.100.5', '198.51.100.6', '192.0.2.1'];

const person = await identity.createPerson({
  ...{
    login: 'taro',
    displayName: 'Taro',
    role: 'agent',
    place: 'home',
    clearance: 'none',
    queues: [],
    language: 'ja',
  },
  password: 'correct horse battery',
});
const told: PersonId[] = [];
identity.onWhereabouts((personId) => void told.push(personId));

async function signIn(address: string): Promise<string> {
  const request = { login: 'taro', password: 'correct horse battery', address, userAgent: 'test' };
  const outcome = await identity.signIn(request);
  if (outcome.kind !== 'signed-in') throw new Error(outcome.kind);
  return outcome.token;
}

t.test('who takes a signed-in computer home is at home from its first request there', async (t) => {
  const token = await signIn(inTheCentre);
  t.equal(await places.of(person), 'centre');
  t.same(told.splice(0), [person.id]);
  await identity.bySessionToken(token, alsoThere);
  t.same(told, [], 'another address of the same site is no news');
  await identity.bySessionToken(token, atHome);
  t.equal(await places.of(person), 'home');
  t.same(told.splice(0), [person.id]);
  await identity.bySessionToken(token, inTheCentre);
  t.equal(await places.of(person), 'centre');
  told.length = 0;
});

t.test('a second session elsewhere counts as well, until it ends', async (t) => {
  const second = await signIn(atHome);
  t.equal(await places.of(person), 'home');
  const found = await identity.bySessionToken(second, atHome);
  await identity.endSession(found!.session.id, 'asked');
  t.equal(await places.of(person), 'centre');
  t.equal(told.length, 2, 'once for signing in, once for signing out');
});

t.test('the log says where somebody signed in', async (t) => {
  const events = await eventually('both are in the log', async () => {
    const read = await store.events.read({ types: ['signed-in'] });
    return read.length === 2 ? read : undefined;
  });
  t.match(events, [{ place: 'centre' }, { place: 'home' }]);
});
