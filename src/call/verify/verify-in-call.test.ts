import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { simulateEndpoint } from '../../../test/support/media/simulated-endpoint.ts';
import type { Leg, LegEvents } from '../../sbc/leg.ts';
import { createEmitter } from '../../shared/emitter.ts';
import type { NewEvent } from '../../shared/events.ts';
import { newId, type PersonId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import { answeredAgent, type CallState, type Centre, newCall } from '../call-state.ts';
import type { Checked, Verification } from './verification.ts';
import { codeFactor } from './verification-settings.ts';
import { askForVerification, cancelVerification } from './verify-in-call.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));
const factor = { factor: 'one-time-code' };

function setup(answers: Checked[] = []) {
  const clock = createFakeClock();
  const [customer, agent] = [simulateEndpoint('a'), simulateEndpoint('a')];
  const leg = createEmitter<LegEvents>() as unknown as Leg;
  const told: NewEvent[] = [];
  const shown: string[] = [];
  const verification: Verification = {
    factors: [codeFactor],
    triesPerCall: 3,
    check: async () => answers.shift() ?? { kind: 'wrong' },
  };
  const parts = {
    clock,
    log: silentLogger,
    settings: {},
    verification,
    events: { append: async (event: NewEvent) => told.push(event) },
  };
  const centre = {
    parts,
    deskChanged: () => shown.push(call.verification?.shown?.state ?? ''),
    acd: { apply: async () => {} },
  } as unknown as Centre;
  const call: CallState = newCall({
    ...{ id: newId('call'), direction: 'inbound', startedAt: 0, companyNumber: '0120000000', trunk: null, alias: null },
    ...{ log: silentLogger, phase: 'talking' },
  });
  call.customer = { leg, endpoint: customer };
  const personId = 'p_1' as PersonId;
  call.agent = answeredAgent({ leg, endpoint: agent, personId, place: 'home', asCall: call.id }, 0);
  async function key(digits: string) {
    for (const digit of digits) customer.tell('digit', { digit, durationMs: 80, by: 'rfc4733' });
    await settle();
    clock.advance(1000);
    await settle();
    await settle();
  }
  async function ask() {
    const asked = askForVerification(centre, call, factor);
    await settle();
    return asked;
  }
  return { clock, customer, agent, told, shown, call, centre, key, ask };
}

t.test('the agent hears a beep for each key, sees the states, and the factor is verified', async (t) => {
  const { agent, customer, call, told, shown, key, ask } = setup([{ kind: 'verified', codeId: 'o_1' as never }]);
  t.strictSame(await ask(), { kind: 'ok' });
  t.strictSame(await ask(), { kind: 'conflict', because: 'The customer is being asked already.' });
  await key('12345678');
  t.strictSame(call.verified, ['one-time-code']);
  t.equal(agent.asked.filter((what) => what === 'play tone').length, 8);
  t.strictSame(shown, ['collecting', 'checking', 'verified']);
  t.equal(customer.asked.at(-1), 'digits audible');
  t.match(told, [
    { type: 'verification-asked', factor: 'one-time-code', personId: 'p_1' },
    { type: 'verification-result', verified: true, because: 'verified', codeId: 'o_1' },
  ]);
  t.notMatch(JSON.stringify([told, call.verification]), /12345678|"8"/);
  t.match(cancelVerification(call), { kind: 'conflict' });
});

t.test('asked twice, and in one call no more often than is allowed', async (t) => {
  const { call, shown, key, ask } = setup();
  await ask();
  await key('11111111');
  await key('2222#');
  t.strictSame(shown, ['collecting', 'checking', 'collecting', 'not-verified'], 'too few are not looked up');
  await ask();
  await key('33333333');
  await key('44444444');
  t.equal(call.verification?.tries, 3);
  t.strictSame(await ask(), { kind: 'conflict', because: 'This customer has tried too often in this call.' });
  t.strictSame(call.verified, []);
});

t.test('cancelled by the agent, or because the agent is gone: the customer is heard again', async (t) => {
  const { call, clock, customer, shown, ask } = setup();
  await ask();
  t.strictSame(cancelVerification(call), { kind: 'ok' });
  await settle();
  t.equal(call.verification?.shown?.state, 'collecting', 'a key may be down');
  clock.advance(1000);
  await settle();
  await settle();
  t.equal(shown.at(-1), 'cancelled');
  t.equal(customer.asked.at(-1), 'digits audible');
  t.equal(call.verification?.running, undefined);
});

t.test('when the media cannot keep it secret, nothing is asked and the desk says so', async (t) => {
  const { customer, shown, ask, call } = setup();
  customer.failing = true;
  await ask();
  await settle();
  t.equal(shown.at(-1), 'not-checked');
  t.strictSame(customer.asked, []);
  t.equal(call.verification?.running, undefined);
});

t.test('refused: no such factor, nobody connected, on hold', async (t) => {
  const { centre, call } = setup();
  t.match(askForVerification(centre, call, { factor: 'x' }), { because: 'There is no such factor to verify.' });
  call.heldSince = 1;
  t.match(askForVerification(centre, call, factor), { because: 'The call is on hold already.' });
  call.heldSince = null;
  call.agent = undefined;
  t.match(askForVerification(centre, call, factor), { because: 'Nobody is connected to this call.' });
});
