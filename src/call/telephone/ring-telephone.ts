// Calls the own telephone of one person out through a trunk, with a number of the company's, and counts it as answered only
// when key 1 has been pressed. The leg carries nothing of the customer: neither number nor alias.

import type { LegEvents } from '../../sbc/leg.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { CallState, Centre } from '../call-state.ts';
import { callCarrier } from '../outbound/call-carrier.ts';
import { queueSettings } from '../parts.ts';
import type { RingOutcome, RingRequest } from '../queue/ring-desk.ts';
import { type Confirmation, confirmByKey } from './confirm-by-key.ts';
import { type Language, type RingPurpose, sayWords, wordsFor } from './telephone-words.ts';

const gone = (cause: LegEvents['ended']['cause'], by: LegEvents['ended']['by'] = 'us'): RingOutcome => ({
  kind: 'not-answered',
  ended: { cause, by, sipStatus: null },
});

/** How a telephone that was answered without key 1 counts: as one that declined, or that nobody answered. */
const unconfirmed: Record<Exclude<Confirmation, 'confirmed'>, RingOutcome> = {
  declined: gone('rejected', 'far-end'),
  gone: gone('rejected', 'far-end'),
  timeout: gone('no-answer', 'timeout'),
  'given-up': gone('cancelled'),
};

export async function ringTelephone(
  centre: Centre,
  call: CallState,
  request: RingRequest,
  purpose: RingPurpose,
): Promise<RingOutcome> {
  const { parts } = centre;
  const { clock, telephones, settings } = parts;
  const startedAt = clock.now();
  const to = await telephones?.number(request.personId).catch((thrown: unknown) => {
    call.log.warn({ err: asError(thrown), personId: request.personId }, 'an own telephone’s number cannot be had');
    return undefined;
  });
  const presentedNumber = settings.telephone?.presentedNumber ?? settings.companyNumbers[0];
  if (!telephones || !to || !presentedNumber) return gone('unreachable');
  const language = languageOf(centre, request.personId);
  const rungOut = telephones.ringing(`${call.id} ${request.personId}`, presentedNumber);
  try {
    const outcome = await callCarrier(centre, {
      call,
      to,
      presentedNumber,
      party: 'agent',
      purpose: 'own-telephone',
      personId: request.personId,
      // A desk answers by itself, a telephone is in a pocket.
      ringTimeoutSeconds: purpose === 'offer' ? request.ringTimeoutSeconds : (settings.telephone?.ringSeconds ?? 30),
      signal: request.signal,
      onLeg(leg) {
        request.onLeg?.(leg);
        if (request.onRinging) leg.on('ringing', request.onRinging);
      },
    });
    if (outcome.kind === 'failed') return { kind: 'not-answered', ended: outcome.ended };
    const { leg, endpoint } = outcome.party;
    const confirmation = await confirmByKey({
      ...{ clock, leg, endpoint, signal: request.signal },
      words: sayWords(wordsFor(purpose, await language, saidOf(centre, call)), await language),
      withinSeconds: settings.telephone?.confirmSeconds ?? 15,
    });
    if (confirmation === 'confirmed') return { kind: 'answered', leg, endpoint, ringMs: clock.now() - startedAt };
    call.log.info({ personId: request.personId, confirmation }, 'an own telephone was answered, but not with key 1');
    await Promise.allSettled([leg.end('cancelled'), endpoint.close()]);
    return unconfirmed[confirmation];
  } finally {
    rungOut();
  }
}

/** Without the database the call is announced in Japanese. */
async function languageOf({ parts }: Centre, personId: PersonId): Promise<Language> {
  try {
    return (await parts.people.byId(personId))?.language ?? 'ja';
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return 'ja';
  }
}

function saidOf({ parts }: Centre, call: CallState): Parameters<typeof wordsFor>[2] {
  const company = parts.settings.telephone?.companyName ?? { ja: 'えんがわ', en: 'Engawa' };
  return { company, queue: queueSettings(parts, call.queue)?.label ?? null };
}
