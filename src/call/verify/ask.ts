// Asks a customer once for the digits of a factor, in secret, and has them checked; the outcome goes into the call, the event log
// and the policy's facts. Used by the flow (verify-in-flow.ts) and by an agent in the middle of a call (verify-in-call.ts).

import type { PlaySource } from '../../media/endpoint.ts';
import type { CodeId, PersonId } from '../../shared/ids.ts';
import { type CallState, type Centre, isOver } from '../call-state.ts';
import type { DigitSource } from '../inbound/digit-collector.ts';
import { tell } from '../parts.ts';
import { tellAcd } from '../queue/queueing.ts';
import { whileKeying } from '../talk/recording-pause.ts';
import { collectSecretly, type SecretDigits } from './collect.ts';
import type { Check, Checked } from './verification.ts';

/** What one asking came to. `timeout`: nothing was keyed. `locked`: no more tries in this call, or from this number. */
export type Asked =
  | { kind: 'verified' | 'wrong' | 'locked' | 'timeout' | 'aborted' }
  | { kind: 'not-checked'; because: string };

export interface Question {
  factor: string;
  check: Check;
  say: PlaySource;
  /** The customer is in conversation: the question is heard over it. */
  over: boolean;
  minDigits: number;
  maxDigits: number;
  terminator: string;
  timeoutSeconds: number;
  /** The agent who asks; null: the flow. */
  by: PersonId | null;
  signal: AbortSignal;
  onKey?: () => void;
  onChecking?: () => void;
}

export async function askInSecret(
  centre: Centre,
  call: CallState,
  digits: DigitSource,
  question: Question,
): Promise<Asked> {
  const { parts } = centre;
  const { verification } = parts;
  const { factor, check, by, say, over, signal } = question;
  const endpoint = call.customer?.endpoint;
  if (!endpoint || !verification) return { kind: 'not-checked', because: 'not-set-up' };
  call.verification ??= { tries: 0, shown: undefined };
  const state = call.verification;
  if (state.tries >= verification.triesPerCall) return told(centre, call, question, { kind: 'locked' });
  tell(parts, { type: 'verification-asked', callId: call.id, factor, ...(by ? { personId: by } : {}) });
  let codeId: CodeId | undefined;
  async function use(got: SecretDigits): Promise<Asked> {
    if (got.kind === 'too-few') return { kind: 'wrong' };
    if (got.kind !== 'digits') return got;
    question.onChecking?.();
    state.tries += 1;
    const checked: Checked = await verification!.check({ check, factor, digits: got.digits, call });
    if (checked.kind === 'verified') codeId = checked.codeId;
    return checked.kind === 'verified' ? { kind: 'verified' } : checked;
  }
  const { minDigits, maxDigits, terminator, timeoutSeconds, onKey } = question;
  const asked = await whileKeying(centre, call, () =>
    collectSecretly<Asked>(
      {
        ...{ endpoint, digits, log: call.log, minDigits, maxDigits, terminator, timeoutSeconds, signal },
        ...(onKey ? { onKey } : {}),
        ask: () => endpoint.play(say, { over }),
      },
      use,
    ),
  );
  return told(centre, call, question, asked, codeId);
}

function told(centre: Centre, call: CallState, { factor, by }: Question, asked: Asked, codeId?: CodeId): Asked {
  // Hung up in the middle: the end of the call says it.
  if (asked.kind === 'aborted' && isOver(call)) return asked;
  const verified = asked.kind === 'verified';
  if (verified && !call.verified.includes(factor)) {
    call.verified = [...call.verified, factor];
    tellAcd(centre, call);
  }
  const because = asked.kind === 'not-checked' ? asked.because : asked.kind;
  tell(centre.parts, {
    ...{ type: 'verification-result', callId: call.id, factor, verified, because },
    ...(by ? { personId: by } : {}),
    ...(codeId ? { codeId } : {}),
  });
  call.log.info({ factor, verified, because }, 'verification');
  return asked;
}
