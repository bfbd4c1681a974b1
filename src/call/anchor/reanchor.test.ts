// How a party is anchored again, with a simulated far end: what it refuses, how long anything is waited for.

import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { type SimulatedEndpoint, simulateEndpoint } from '../../../test/support/media/simulated-endpoint.ts';
import type { MediaServer } from '../../media/media-server.ts';
import type { Leg, LegEvents } from '../../sbc/leg.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { AppError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import type { CallState, Centre } from '../call-state.ts';
import { createMovingEndpoint } from './moving-endpoint.ts';
import { keepAnchored } from './reanchor.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
type Renegotiated = Awaited<ReturnType<Leg['renegotiate']>>;
const agreed: Renegotiated = { kind: 'ok', sdpAnswer: 'v=0\r\n' };

function open(party: 'customer' | 'agent', more: { isReachable?: () => boolean } = {}) {
  const clock = createFakeClock();
  const legEvents = createEmitter<LegEvents>();
  const offers: string[] = [];
  const told: { type: string; silentMs?: number }[] = [];
  const made: SimulatedEndpoint[] = [];
  const rig = {
    answers: [agreed] as (Renegotiated | 'never')[],
    mediaThere: true,
    state: 'trying' as Leg['state'],
  };
  const leg = {
    id: newId('leg'),
    get state() {
      return rig.state;
    },
    on: legEvents.on,
    once: legEvents.once,
    renegotiate(sdpOffer: string): Promise<Renegotiated> {
      offers.push(sdpOffer);
      const answer = rig.answers.length > 1 ? rig.answers.shift()! : rig.answers[0]!;
      return answer === 'never' ? new Promise(() => {}) : Promise.resolve(answer);
    },
  } as unknown as Leg;
  const bareMedia = {
    async createEndpoint() {
      if (!rig.mediaThere) throw new AppError('media-unavailable', 'no media server can take this');
      const endpoint = simulateEndpoint('b');
      made.push(endpoint);
      return { kind: 'created', endpoint };
    },
    whereIs: (endpoint: unknown) => (endpoint as SimulatedEndpoint).server,
  } as unknown as MediaServer;
  const centre = {
    parts: {
      clock,
      log: silentLogger,
      settings: { reanchorSeconds: 10 },
      events: { append: async (event: { type: string }) => void told.push(event) },
    },
    bareMedia,
  } as unknown as Centre;
  const call = { id: newId('call'), phase: 'talking', log: silentLogger } as unknown as CallState;
  const first = simulateEndpoint('a');
  const endpoint = createMovingEndpoint({ first, clock, log: silentLogger, whereIs: bareMedia.whereIs! });
  const ended: string[] = [];
  endpoint.on('ended', ({ because }) => ended.push(because));
  keepAnchored(centre, call, { party, leg, endpoint, ...more });
  return {
    ...{ clock, endpoint, first, offers, told, made, ended, rig, call },
    answer() {
      rig.state = 'answered';
      legEvents.emit('answered', {});
    },
    end() {
      rig.state = 'ended';
      legEvents.emit('ended', { cause: 'normal', by: 'far-end', sipStatus: null });
    },
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 100) {
        await settle();
        clock.advance(100);
      }
      await settle();
    },
  };
}

t.test('one re-INVITE, and it goes on there; how long it was silent is told', async (t) => {
  const { answer, first, endpoint, offers, made, told, pass, ended } = open('customer');
  answer();
  first.lose();
  await settle();
  t.equal(offers.length, 1);
  t.equal(endpoint.current, made[0]);
  await pass(300);
  made[0]!.tell('firstPacket', { afterMs: 0 });
  await pass(100);
  t.match(told, [{ type: 'media-reanchored', party: 'customer', from: 'a', to: 'b' }]);
  t.ok(told[0]!.silentMs! >= 300 && told[0]!.silentMs! <= 400, `${told[0]!.silentMs} ms`);
  t.same(ended, []);
});

t.test('a party that sends nothing is counted from when it had agreed', async (t) => {
  const { answer, first, told, pass } = open('customer');
  answer();
  first.lose();
  await pass(2200);
  t.match(told, [{ type: 'media-reanchored', silentMs: 0 }]);
});

t.test('no media server: tried until the time is up, then lost', async (t) => {
  const { answer, first, rig, offers, pass, ended } = open('customer');
  rig.mediaThere = false;
  answer();
  first.lose();
  await pass(9500);
  t.same(ended, []);
  await pass(1000);
  t.same(ended, ['lost']);
  t.equal(offers.length, 0);
});

t.test('one that comes back in time is taken', async (t) => {
  const { answer, first, rig, made, endpoint, pass } = open('customer');
  rig.mediaThere = false;
  answer();
  first.lose();
  await pass(4000);
  rig.mediaThere = true;
  await pass(300);
  t.equal(endpoint.current, made[0]);
});

t.test('a customer’s side may refuse twice; each time the endpoint is freed', async (t) => {
  const { answer, first, rig, made, endpoint, pass, ended } = open('customer');
  const refused: Renegotiated = { kind: 'refused', sipStatus: 503 };
  rig.answers = [refused, refused, agreed];
  answer();
  first.lose();
  await pass(2500);
  t.same(
    made.map(({ state }) => state),
    ['closed', 'closed', 'live'],
  );
  t.equal(endpoint.current, made[2]);
  rig.answers = [refused];
  made[2]!.lose();
  await pass(2500);
  t.same(ended, ['lost'], 'three times is enough');
  t.ok(made.every(({ state }) => state !== 'live'));
});

t.test('a desk that refuses once, or is not connected, is left to be called again', async (t) => {
  const refusing = open('agent');
  refusing.rig.answers = [{ kind: 'refused', sipStatus: 488 }];
  refusing.answer();
  refusing.first.lose();
  await refusing.pass(100);
  t.same(refusing.ended, ['lost']);
  const away = open('agent', { isReachable: () => false });
  away.answer();
  away.first.lose();
  await away.pass(100);
  t.same(away.ended, ['lost']);
  t.equal(away.offers.length, 0);
});

t.test('a far end that never answers the re-INVITE is not waited for for ever', async (t) => {
  for (const [party, limitMs] of [
    ['customer', 10_000],
    ['agent', 4000],
  ] as const) {
    const { answer, first, rig, made, pass, ended } = open(party);
    rig.answers = ['never'];
    answer();
    first.lose();
    await pass(limitMs - 500);
    t.same(ended, [], party);
    await pass(1000);
    t.same(ended, ['lost'], party);
    t.same(
      made.map(({ state }) => state),
      ['closed'],
    );
  }
});

t.test('the next server dies, too: another try', async (t) => {
  const { answer, first, rig, made, endpoint, pass, ended } = open('customer');
  rig.answers = ['never', agreed];
  answer();
  first.lose();
  await pass(100);
  made[0]!.lose();
  await pass(500);
  t.equal(endpoint.current, made[1]);
  t.same(ended, []);
});

t.test('a leg that rings is left alone until it has answered', async (t) => {
  const { answer, first, offers, made, endpoint, told, pass, ended } = open('agent');
  first.lose();
  await pass(30_000);
  t.equal(offers.length, 0);
  t.equal(made.length, 0, 'no endpoint waits for it meanwhile');
  answer();
  await settle();
  t.equal(endpoint.current, made[0]);
  made[0]!.tell('firstPacket', { afterMs: 0 });
  await pass(100);
  t.ok(told[0]!.silentMs! < 200, 'nobody was there to hear the silence before');

  const unanswered = open('agent');
  unanswered.first.lose();
  unanswered.end();
  await unanswered.pass(100);
  t.same(unanswered.ended, ['closed']);
  t.same(ended, []);
});

t.test('the far end hangs up, or the call is over: no more is tried', async (t) => {
  const gone = open('customer');
  gone.rig.answers = [{ kind: 'ended' }];
  gone.answer();
  gone.first.lose();
  await gone.pass(500);
  t.same(gone.ended, ['closed']);
  t.equal(gone.offers.length, 1);
  const over = open('customer');
  over.rig.mediaThere = false;
  over.answer();
  over.first.lose();
  await over.pass(500);
  over.call.phase = 'ended';
  over.rig.mediaThere = true;
  await over.pass(500);
  t.equal(over.offers.length, 0);
});
