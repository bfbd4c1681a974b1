import t from 'tap';
import { createFakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { createLogger } from '../../shared/logger.ts';
import { systemRandom } from '../../shared/random.ts';
import type { OfferMaker } from '../leg.ts';
import { type ControlLink, noLink } from '../link/control-link.ts';
import type { IncomingResponse } from '../link/srf-types.ts';
import { adriftAfterRescueMs, createSipDialog } from './sip-dialog.ts';

const withinMs = 15_000;
const never = new Promise<never>(() => {});
const busy = { status: 491, has: () => false, get: () => undefined, body: '' } as unknown as IncomingResponse;

/** A SIP server that takes requests and does with them what is said. */
function server(request: ControlLink['request']): ControlLink & { goes(): void } {
  let down = () => {};
  return {
    ...noLink,
    server: 'a',
    up: true,
    request,
    onDown(listener) {
      down = listener;
      return () => {};
    },
    goes: () => down(),
  };
}

function dialogOn(clock: FakeClock, link: ControlLink, another: () => ControlLink | undefined, offer?: OfferMaker) {
  const ends: { cause: string; by: string; afterMs: number }[] = [];
  const began = clock.now();
  createSipDialog({
    clock,
    random: systemRandom,
    log: createLogger({ level: 'silent' }),
    link,
    dialogId: 'd',
    role: 'uas',
    owner: {
      offerHandler: undefined,
      offerMaker: offer,
      mayTransfer: false,
      emit() {},
      acknowledged() {},
      closed: (cause, by) => ends.push({ cause, by, afterMs: clock.now() - began }),
    },
    localSdp: 'v=0\r\n',
    facts: {
      ...{ sipCallId: 'c', local: '<sip:us@h>;tag=u', remote: '<sip:them@h>;tag=t', remoteTarget: 'sip:them@h' },
      ...{ routeSet: [], cseq: 0, localSdp: 'v=0\r\n' },
    },
    onServerLost: { kind: 'rescue', another, withinMs, leftBehind() {} },
  });
  return ends;
}

/** What is promised settles between two moments. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const cases: [string, () => ControlLink | undefined, OfferMaker | undefined, number][] = [
  ['no other server comes', () => undefined, async () => 'v=0\r\n', withinMs + 500],
  ['its media makes no offer', () => undefined, () => never, withinMs + 500],
  ['the other server does nothing', () => server(() => {}), undefined, withinMs + adriftAfterRescueMs],
  [
    'the far end has an offer open for ever',
    () => server((_request, handlers) => handlers.response(busy, () => {})),
    undefined,
    withinMs + adriftAfterRescueMs,
  ],
];

for (const [what, another, offer, atMost] of cases) {
  t.test(`a dialog without its SIP server ends as ours, in time: ${what}`, async (t) => {
    const clock = createFakeClock();
    const own = server(() => {});
    const ends = dialogOn(clock, own, another, offer);
    own.goes();
    await pass(clock, withinMs + adriftAfterRescueMs + 60_000);
    t.match(ends, [{ cause: 'fault', by: 'us' }]);
    t.equal(ends.length, 1, 'once');
    t.ok(ends[0]!.afterMs <= atMost, `after ${ends[0]!.afterMs} ms`);
  });
}
