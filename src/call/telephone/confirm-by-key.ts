// An own telephone has been answered: a person, or a voicemail. Says who calls, again and again, until key 1 is pressed
// (RFC 4733, in band or SIP INFO), key 2 declines, or the time is up. No customer is joined before.

import type { Endpoint, PlaySource } from '../../media/endpoint.ts';
import type { Leg } from '../../sbc/leg.ts';
import type { Clock } from '../../shared/clock.ts';
import { createDigitSource } from '../inbound/digit-collector.ts';

export type Confirmation = 'confirmed' | 'declined' | 'timeout' | 'gone' | 'given-up';

export interface ConfirmRequest {
  clock: Clock;
  leg: Leg;
  endpoint: Endpoint;
  words: PlaySource;
  /** From the answer on. */
  withinSeconds: number;
  signal: AbortSignal;
}

/** A key press is told at its first end packet (RFC 4733 §2.5.1.4); what is left of it must not reach a customer. */
const keyTailMs = 150;
/** Between the words and their repetition. */
const pauseSeconds = 2;

export async function confirmByKey(request: ConfirmRequest): Promise<Confirmation> {
  const { clock, leg, endpoint, words, signal } = request;
  const over = new AbortController();
  let outcome: Confirmation | undefined;
  const finish = (how: Confirmation) => {
    outcome ??= how;
    over.abort();
  };
  const giveUp = () => finish('given-up');
  const timer = clock.after(request.withinSeconds * 1000, () => finish('timeout'));
  const offEnded = leg.on('ended', () => finish('gone'));
  const offLost = endpoint.on('ended', () => finish('gone'));
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  if (leg.state === 'ended') finish('gone');
  const keys = createDigitSource({ clock, leg, endpoint });
  try {
    while (outcome === undefined) {
      const said = endpoint.play(words);
      const key = await keys.collect({
        minDigits: 1,
        maxDigits: 1,
        terminator: null,
        timeoutSeconds: pauseSeconds,
        onFirst: () => {},
        after: said.finished,
        signal: over.signal,
      });
      said.stop();
      if (key.kind !== 'digits') continue;
      // Any other key is a slip: the words begin again.
      if (key.digits === '1') finish('confirmed');
      else if (key.digits === '2') finish('declined');
    }
    if (outcome === 'confirmed') {
      await new Promise<void>((resolve) => void clock.after(keyTailMs, resolve));
      if (leg.state === 'ended') return 'gone';
      if (signal.aborted) return 'given-up';
    }
    return outcome;
  } finally {
    timer.cancel();
    offEnded();
    offLost();
    signal.removeEventListener('abort', giveUp);
    keys.close();
  }
}
