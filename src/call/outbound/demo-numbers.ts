// Numbers with which anybody can try a telephone against the demo (only with `demo: true`):
// 9196 echo, 9197 a tone, 9180 rings and never answers, 9408 silence, 9486 busy.

import type { PlaySource } from '../../media/endpoint.ts';
import type { InboundCall } from '../../sbc/border.ts';
import type { CallState, Centre } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { answerCustomer } from '../inbound/answer-customer.ts';

const played: Record<string, PlaySource | null> = {
  '9196': { kind: 'echo' },
  '9197': { kind: 'tone', frequencyHz: 440 },
  '9408': null,
};

export const demoNumbers: readonly string[] = [...Object.keys(played), '9180', '9486'];

/** True when the number was one of these and the call has been treated. */
export async function answerDemoNumber(
  centre: Centre,
  call: CallState,
  inbound: InboundCall,
  number: string,
): Promise<boolean> {
  if (!answerDemoNumber.knows(number)) return false;
  if (number === '9180') {
    inbound.leg.ring();
  } else if (number === '9486') {
    inbound.leg.reject('busy');
    await endCall(centre, call, { cause: 'busy', side: 'us' });
  } else if (await answerCustomer(centre, call, inbound)) {
    const source = played[number];
    if (source) call.customer?.endpoint.play(source, { loop: true });
  }
  return true;
}

answerDemoNumber.knows = (number: string): boolean => demoNumbers.includes(number);
