// Places outside to which an agent may take a customer: those that the company has named (config, transfers.outside), each with
// the class of personal information up to which calls may go there. A supervisor may also dial, under the rules for dialling.
// The number stays here: desks know the name or an alias.

import type { PhoneNumber } from '../../privacy/phone-number.ts';
import { mayHandle } from '../../privacy/pii-class.ts';
import { type CallState, type Centre, classOf } from '../call-state.ts';
import type { CommandOutcome, OutsideTarget } from '../desk.ts';

type Allowed = { kind: 'allowed'; number: PhoneNumber; name: string };

export async function outsideAllowed(
  centre: Centre,
  call: CallState,
  target: OutsideTarget,
): Promise<Allowed | Extract<CommandOutcome, { kind: 'forbidden' | 'conflict' }>> {
  const { parts } = centre;
  if ('number' in target) {
    const checked = parts.checkDial(target.number);
    if (checked.kind === 'refused') return { kind: 'forbidden', because: checked.because };
    return { kind: 'allowed', number: checked.number, name: await parts.vault.remember(checked.number) };
  }
  const named = parts.settings.outsideTargets.find(({ name }) => name === target.outside);
  if (!named) return { kind: 'conflict', because: 'There is no such place to transfer to.' };
  const refused = whyNotOutside(centre, call, named.name);
  if (refused) return refused;
  const checked = parts.checkDial(named.number);
  if (checked.kind === 'refused') return { kind: 'forbidden', because: checked.because };
  return { kind: 'allowed', number: checked.number, name: named.name };
}

/** Asked again when the customer is to be there. What a supervisor has dialled is the supervisor's to answer for. */
export function whyNotOutside(
  centre: Centre,
  call: CallState,
  name: string,
): Extract<CommandOutcome, { kind: 'forbidden' }> | undefined {
  const named = centre.parts.settings.outsideTargets.find((target) => target.name === name);
  if (!named || mayHandle(named.clearance, classOf(call), centre.parts.classes?.())) return undefined;
  return { kind: 'forbidden', because: 'This call may not go there: it touches personal information.' };
}
