// 110, 118 and 119, dialled at a desk. From the centre they go out by the trunk of the site, whose address is known there, if the
// configuration names one; from anywhere else they are refused, in writing and aloud, because help would be sent to the wrong
// place. Never held up by a cap or by what a role may dial; always told to supervisors. No flow, transfer or list comes here.

import type { PhoneNumber } from '../../privacy/phone-number.ts';
import { asError } from '../../shared/errors.ts';
import type { PersonId } from '../../shared/ids.ts';
import { type Centre, isOver } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { tell } from '../parts.ts';
import { deviceOfParty } from '../queue/ring-desk.ts';
import { faultEndsCall } from '../talk/join.ts';
import { beginOutbound, ringOwnDesk } from './begin-outbound.ts';
import type { Refusal } from './refusals.ts';

export type EmergencyRuling =
  | { kind: 'placed'; number: PhoneNumber; presentedNumber: string | undefined }
  | { kind: 'refused'; because: Refusal };

export function ruleOnEmergency(centre: Centre, personId: PersonId, number: PhoneNumber): EmergencyRuling {
  const { parts, acd } = centre;
  const { emergency } = parts.settings;
  const place = acd.acd.agent(personId)?.place ?? 'unknown';
  const placed = emergency !== undefined && place === 'centre';
  const trunk = placed ? emergency.trunk : null;
  parts.log.warn({ personId, place, trunk }, placed ? 'an emergency call goes out' : 'an emergency call was refused');
  tell(parts, { type: 'emergency-dialled', personId, place, outcome: placed ? 'placed' : 'refused', trunk });
  if (placed) return { kind: 'placed', number, presentedNumber: emergency.presentedNumber };
  return {
    kind: 'refused',
    because: emergency
      ? 'Emergency numbers are dialled from the centre only. Use your own telephone: from there your place is known.'
      : 'Emergency numbers are not dialled from here. Use your own telephone.',
  };
}

const words = {
  ja: '緊急通報は、この席からはかけられません。ご自身の電話から、おかけください。',
  en: 'Emergency calls are not possible from this desk. Use your own telephone.',
};

/** Rings the desk that dialled, and says it. Whoever cannot be rung at once has it in writing. */
export function refuseAloud(centre: Centre, personId: PersonId): void {
  const { parts } = centre;
  const presented = parts.settings.companyNumbers[0];
  if (presented === undefined || !parts.border.isSoftphoneRegistered(personId)) return;
  const said = (async () => {
    const language = (await parts.people.byId(personId))?.language ?? 'ja';
    const call = await beginOutbound(centre, personId, { presented, alias: null });
    if (!call) return;
    try {
      const agent = await ringOwnDesk(centre, call, personId);
      if (!agent) return;
      // Who has a hand free for it dials with that telephone.
      if (deviceOfParty(agent) === 'browser')
        await agent.endpoint.play({ kind: 'say', text: words[language], language }).finished;
      if (!isOver(call)) await endCall(centre, call, { cause: 'forbidden', side: 'us' });
    } catch (thrown) {
      faultEndsCall(centre, call, thrown);
    }
  })();
  said.catch((thrown: unknown) => parts.log.warn({ err: asError(thrown), personId }, 'a refusal could not be said'));
}

export const emergencyTexts = Object.entries(words).map(([language, text]) => ({
  text,
  language: language as keyof typeof words,
}));
