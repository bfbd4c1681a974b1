// A customer calls in: vault, endpoint, answer, flow. From here on the call carries an alias.

import type { Flow } from '../../routing/flow/flow.ts';
import type { InboundCall } from '../../sbc/border.ts';
import { type CallId, newId } from '../../shared/ids.ts';
import { type CallState, type Centre, isOver, newCall } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { customerLegEnded } from '../ending/termination.ts';
import { answerDemoNumber } from '../outbound/demo-numbers.ts';
import { tell } from '../parts.ts';
import { type EarlierCalls, earlierCallsOf } from '../queue/earlier-calls.ts';
import { faultEndsCall } from '../talk/join.ts';
import { answerCustomer } from './answer-customer.ts';
import { createDigitSource } from './digit-collector.ts';
import { runFlow } from './flow-runner.ts';

export async function takeInboundCall(centre: Centre, inbound: InboundCall): Promise<void> {
  const { parts } = centre;
  const { leg } = inbound;
  const id: CallId = newId('call');
  const log = parts.log.child({ callId: id, sipCallId: leg.sipCallId });
  const call = newCall({
    id,
    direction: 'inbound',
    startedAt: parts.clock.now(),
    companyNumber: inbound.companyNumber,
    trunk: inbound.trunk,
    alias: null,
    log,
    phase: 'flow',
  });
  call.customerLeg = leg;
  if (inbound.withheld !== 'no') call.withheld = inbound.withheld;
  centre.calls.set(id, call);
  const known = inbound.caller ? parts.vault.remember(inbound.caller) : Promise.resolve(null);
  // A caller may hang up before the vault has answered: the call is told to have started first, then to have ended.
  const begun = known.catch(() => null);
  leg.on('ended', (ended) => void begun.then(() => endCall(centre, call, customerLegEnded(ended, 'inbound'))));
  try {
    call.alias = await known;
    tell(parts, {
      type: 'call-started',
      callId: id,
      direction: 'inbound',
      alias: call.alias,
      companyNumber: inbound.companyNumber,
      trunk: inbound.trunk,
      ...(inbound.withheld === 'no' ? {} : { withheld: inbound.withheld }),
      ...(inbound.demo ? { demo: true } : {}),
    });
    log.info({ alias: call.alias, companyNumber: inbound.companyNumber, trunk: inbound.trunk }, 'call started');
    if (isOver(call)) return;
    await treat(centre, call, inbound);
  } catch (thrown) {
    faultEndsCall(centre, call, thrown);
  }
}

async function treat(centre: Centre, call: CallState, inbound: InboundCall): Promise<void> {
  const { parts } = centre;
  if (await parts.telephones?.isLoop(inbound)) {
    call.log.warn({ companyNumber: inbound.companyNumber }, 'an own telephone sends its calls on to the company');
    inbound.leg.reject('busy');
    return endCall(centre, call, { cause: 'busy', side: 'us' });
  }
  const flow = parts.flowFor(inbound.companyNumber);
  const demo = parts.settings.demoNumbers ? inbound.companyNumber : undefined;
  if (!flow && !(demo && answerDemoNumber.knows(demo))) {
    inbound.leg.reject('not-found');
    return endCall(centre, call, { cause: 'not-found', side: 'customer' });
  }
  if (demo && (await answerDemoNumber(centre, call, inbound, demo))) return;
  const earlier = earlierCallsOf(centre, call);
  if (!(await answerCustomer(centre, call, inbound)) || !flow) return;
  await withFlow(centre, call, flow, earlier);
}

async function withFlow(centre: Centre, call: CallState, flow: Flow, earlier: Promise<EarlierCalls>): Promise<void> {
  if (!call.customer) return;
  const digits = createDigitSource({ clock: centre.parts.clock, ...call.customer });
  try {
    await runFlow(centre, call, flow, digits, earlier);
  } finally {
    digits.close();
  }
}
