import t, { type Test } from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { type SimulatedEndpoint, simulateEndpoint } from '../../../test/support/media/simulated-endpoint.ts';
import type { Conference, ConferenceMember, MediaServer } from '../../media/media-server.ts';
import { newId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import { createMovingConference } from './moving-conference.ts';
import { createMovingEndpoint, type Moved, type MovingEndpoint } from './moving-endpoint.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const whereIs = (endpoint: unknown) => (endpoint as SimulatedEndpoint).server;

/** A party whose moves are settled by hand. */
function party(clock = createFakeClock()) {
  const first = simulateEndpoint('a');
  const moves: { because: string; signal: AbortSignal; settle: (moved: Moved) => void }[] = [];
  const ended: string[] = [];
  const endpoint = createMovingEndpoint({ first, clock, log: silentLogger, whereIs });
  endpoint.on('ended', ({ because }) => ended.push(because));
  endpoint.carriedBy(
    ({ because, signal }) => new Promise<Moved>((resolve) => moves.push({ because, signal, settle: resolve })),
  );
  async function moveTo(server: string): Promise<SimulatedEndpoint> {
    const fresh = simulateEndpoint(server);
    moves.at(-1)!.settle({ kind: 'moved', endpoint: fresh });
    await settle();
    return fresh;
  }
  return { clock, first, endpoint, moves, ended, moveTo };
}

t.test('what is played is played again, and settles once it has been heard', async (t) => {
  const { first, endpoint, moveTo } = party();
  const playback = endpoint.play({ kind: 'prompt', name: 'menu', language: 'ja' });
  let how: string | undefined;
  void playback.finished.then((settled) => {
    how = settled;
  });
  first.lose();
  await settle();
  t.equal(how, undefined);
  const fresh = await moveTo('b');
  t.same(fresh.asked, ['play prompt']);
  fresh.finishPlay();
  await settle();
  t.equal(how, 'finished');
  fresh.lose();
  t.same((await moveTo('c')).asked, [], 'what was heard is not played a third time');
});

t.test('music goes on, and is stopped by whoever began it; what was asked meanwhile is what is heard', async (t) => {
  const { first, endpoint, moveTo } = party();
  const music = endpoint.play({ kind: 'music' }, { loop: true });
  first.lose();
  const fresh = await moveTo('b');
  t.same(fresh.asked, ['play music looped']);
  music.stop();
  t.equal(await music.finished, 'stopped');
  t.same(fresh.asked, ['play music looped', 'stop music']);
  fresh.lose();
  const tone = endpoint.play({ kind: 'tone', frequencyHz: 440 });
  const ringback = endpoint.play({ kind: 'ringback' }, { loop: true });
  t.equal(await tone.finished, 'stopped', 'replaced before it could be heard');
  t.same((await moveTo('c')).asked, ['play ringback looped']);
  ringback.stop();
});

t.test('mute, silent digits and the tap go along; events come from wherever it is', async (t) => {
  const { first, endpoint, moveTo } = party();
  const digits: string[] = [];
  endpoint.on('digit', ({ digit }) => digits.push(digit));
  await endpoint.setMuted(true);
  await endpoint.setDigitsAudible(false);
  await endpoint.startTap({ url: 'ws://recorder/1', metadata: {} });
  first.tell('digit', { digit: '1', durationMs: 100, by: 'rfc4733' });
  first.lose();
  const fresh = await moveTo('b');
  t.same(fresh.asked, ['digits silent', 'mute', 'tap ws://recorder/1'], 'before anybody can hear');
  fresh.tell('digit', { digit: '2', durationMs: 100, by: 'rfc4733' });
  t.same(digits, ['1', '2']);
  await endpoint.stopTap();
  await endpoint.setMuted(false);
  fresh.lose();
  t.same((await moveTo('c')).asked, ['digits silent']);
});

t.test('a party whose secret digits cannot be cut at the new server is joined to nobody there', async (t) => {
  const { first, endpoint, moves, ended } = party();
  await endpoint.setDigitsAudible(false);
  await endpoint.startTap({ url: 'ws://recorder/1', metadata: {} });
  first.lose();
  const fresh = simulateEndpoint('b');
  fresh.failing = true;
  moves.at(-1)!.settle({ kind: 'moved', endpoint: fresh });
  await settle();
  t.same(fresh.asked, []);
  t.equal(fresh.state, 'closed');
  t.same(ended, ['lost']);
});

t.test('secrecy that ends while the party moves has ended at the new server', async (t) => {
  const { first, endpoint, moveTo } = party();
  await endpoint.setDigitsAudible(false);
  first.lose();
  await endpoint.setDigitsAudible(true);
  t.same((await moveTo('b')).asked, []);
});

t.test('a command that fails because the server dies is carried out at the next one', async (t) => {
  const { first, endpoint, clock, moveTo } = party();
  first.failing = true;
  const muting = endpoint.setMuted(true);
  await settle();
  first.lose();
  clock.advance(250);
  await muting;
  t.same((await moveTo('b')).asked, ['mute']);

  const well = party();
  well.first.failing = true;
  const failing = well.endpoint.setMuted(true);
  await settle();
  well.clock.advance(250);
  await t.rejects(failing, { code: 'media-unavailable' }, 'a failure that is no loss is told');
});

t.test('two parties are joined again by whoever arrives last', async (t) => {
  const clock = createFakeClock();
  const [customer, agent] = [party(clock), party(clock)];
  await customer.endpoint.bridge(agent.endpoint);
  t.same(customer.first.asked, ['bridge a']);
  customer.first.lose();
  agent.first.lose();
  const one = await customer.moveTo('b');
  t.same(one.asked, []);
  const two = await agent.moveTo('b');
  t.same([...one.asked, ...two.asked], ['bridge b']);
  await customer.endpoint.unbridge();
  one.lose();
  t.same((await customer.moveTo('b')).asked, [], 'apart they stay apart');
});

t.test('a party whose other side had to go elsewhere follows it', async (t) => {
  const clock = createFakeClock();
  const customer = party(clock);
  const desk = createMovingEndpoint({ first: simulateEndpoint('b'), clock, log: silentLogger, whereIs });
  await customer.endpoint.bridge(desk);
  t.match(customer.moves, [{ because: /the other side/ }]);
  t.equal(customer.first.state, 'live', 'until the far end has agreed, it is heard where it was');
  const fresh = await customer.moveTo('b');
  t.same(fresh.asked, ['bridge b']);
  t.equal(customer.first.state, 'closed');
  t.same(customer.ended, []);
});

t.test('given up: it is lost, and nobody waits for it', async (t) => {
  const { first, endpoint, moves, ended } = party();
  const playback = endpoint.play({ kind: 'music' }, { loop: true });
  first.lose();
  const tapping = endpoint.startTap({ url: 'ws://recorder/1', metadata: {} });
  tapping.catch(() => undefined);
  moves[0]!.settle({ kind: 'given-up', because: 'nothing is left' });
  await settle();
  t.same(ended, ['lost']);
  t.equal(await playback.finished, 'stopped');
  await t.rejects(tapping, { code: 'not-found' });
  await t.rejects(endpoint.setMuted(true), { code: 'not-found' });
  t.equal(await endpoint.play({ kind: 'music' }).finished, 'stopped');
});

t.test('nobody carries it: it is lost at once', async (t) => {
  const first = simulateEndpoint('a');
  const endpoint = createMovingEndpoint({ first, clock: createFakeClock(), log: silentLogger, whereIs });
  const ended: string[] = [];
  endpoint.on('ended', ({ because }) => ended.push(because));
  first.lose();
  t.same(ended, ['lost']);
});

t.test('a party that loses server after server is not let loose on the next', async (t) => {
  const { first, clock, ended, moves, moveTo } = party();
  let at = first;
  for (let i = 0; i < 4; i++) {
    at.lose();
    at = await moveTo('b');
  }
  clock.advance(60_001);
  at.lose();
  at = await moveTo('b');
  t.same(ended, [], 'five in more than a minute are bad luck');
  for (let i = 0; i < 3; i++) {
    at.lose();
    at = await moveTo('b');
  }
  at.lose();
  t.same(ended, ['lost']);
  t.equal(moves.length, 8);
});

t.test('closed while it moves: the new endpoint is not kept', async (t) => {
  const { first, endpoint, ended, moves, moveTo } = party();
  first.lose();
  await endpoint.close();
  t.ok(moves[0]!.signal.aborted);
  t.equal((await moveTo('b')).state, 'closed');
  t.same(ended, ['closed']);
  await endpoint.settled();
});

t.test('the far end’s own offers and answers while there is no server', async (t) => {
  const { first, endpoint, moveTo } = party();
  const before = endpoint.localSdp;
  first.lose();
  t.match(await endpoint.answerOffer('v=0'), { kind: 'incompatible' });
  t.same(await endpoint.acceptAnswer('v=0'), { kind: 'ok' }, 'an answer to what is gone: the far end is asked anew');
  await t.rejects(endpoint.stats(), { code: 'media-unavailable' });
  const offering = endpoint.createOffer();
  const digits = endpoint.sendDigits('1');
  const fresh = await moveTo('b');
  const origin = (sdp: string) => /^o=(.*)$/m.exec(sdp)?.[1]?.trim();
  t.equal(origin(await offering), origin(before)?.replace(' 1 IN', ' 2 IN'), 'one session');
  await digits;
  t.same(fresh.asked, ['createOffer', 'digits 1']);
});

function simulateRooms() {
  const rooms: { log: string[]; closed: boolean }[] = [];
  const name = (endpoint: unknown) => (endpoint as SimulatedEndpoint).server;
  const servers = ['a', 'b'];
  const media = {
    async createConference(): Promise<Conference> {
      const room = { log: [] as string[], closed: false };
      const server = servers[rooms.push(room) - 1]!;
      const join: Conference['join'] = async (endpoint, { muted, heardBy }: ConferenceMember = {}) => {
        if (!name(endpoint).startsWith(server)) throw new Error('not of this server');
        room.log.push(`${name(endpoint)}${muted ? ' muted' : ''}${heardBy ? ` heard by ${heardBy.map(name)}` : ''}`);
      };
      return {
        join,
        async joinAll(members) {
          for (const { endpoint, ...may } of members) await join(endpoint, may);
        },
        async leave(endpoint) {
          room.log.push(`${name(endpoint)} leaves`);
        },
        async close() {
          room.closed = true;
        },
      };
    },
  } as unknown as MediaServer;
  return { media, rooms };
}

t.test('a conference is made again where its members go, each with what it may do', async (t: Test) => {
  const { media, rooms } = simulateRooms();
  const clock = createFakeClock();
  const [customer, agent, coach] = [party(clock), party(clock), party(clock)];
  const conference = await createMovingConference({ media, callId: newId('call'), log: silentLogger });
  const all: MovingEndpoint[] = [customer, agent, coach].map(({ endpoint }) => endpoint);
  await conference.join(all[0]!);
  await conference.join(all[1]!);
  await conference.join(all[2]!, { heardBy: [all[1]!] });
  t.same(rooms[0]?.log, ['a', 'a', 'a heard by a']);
  for (const { first } of [customer, agent, coach]) first.lose();
  await coach.moveTo('b3');
  await settle();
  t.match(rooms[1]?.log.at(-1), 'b3 heard by ', 'nobody else is there yet');
  await customer.moveTo('b1');
  await agent.moveTo('b2');
  await settle();
  t.same(rooms[1]?.log.slice(-3), ['b1', 'b2', 'b3 heard by b2']);
  t.equal(rooms.length, 2, 'one room for all');
  t.ok(rooms[0]?.closed);
  await conference.leave(all[2]!);
  await conference.close();
  t.equal(rooms[1]?.log.at(-1), 'b3 leaves');
  t.ok(rooms[1]?.closed);
});
