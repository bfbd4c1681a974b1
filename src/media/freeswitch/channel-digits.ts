// The digits of one channel: what FreeSWITCH tells of those that came, and sending them, by RFC 4733 or as tones to a party that
// did not agree on telephone-event. Who else is told is the endpoint's to say.

import type { Clock } from '../../shared/clock.ts';
import type { EndpointEvents } from '../endpoint.ts';
import type { Channel } from './channel.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import { toneSpec } from './sound-specs.ts';

const betweenDigitsMs = 60;

const dtmfTones: Readonly<Record<string, readonly [number, number]>> = Object.fromEntries(
  ['123A', '456B', '789C', '*0#D'].flatMap((row, y) =>
    [...row].map((digit, x) => [digit, [[697, 770, 852, 941][y]!, [1209, 1336, 1477, 1633][x]!]]),
  ),
);

/** Of a DTMF event; durations come in samples of 8 kHz. */
export function readDigit(event: FreeswitchEvent): EndpointEvents['digit'] | undefined {
  const digit = event.header('DTMF-Digit');
  if (!digit) return undefined;
  const durationMs = Math.round(Number(event.header('DTMF-Duration') ?? 0) / 8);
  return { digit, durationMs, by: event.header('DTMF-Source') === 'INBAND_AUDIO' ? 'inband' : 'rfc4733' };
}

export interface ChannelDigitsNeeds {
  channel: Channel;
  clock: Clock;
  /** Whether the party takes RFC 4733 now. */
  events(): boolean;
}

export class ChannelDigits {
  private readonly needs: ChannelDigitsNeeds;

  constructor(needs: ChannelDigitsNeeds) {
    this.needs = needs;
  }

  /** One after the other; resolves when the last should have been heard. Unknown characters are left out. */
  async sendAll(digits: string, durationMs: number): Promise<void> {
    for (const digit of digits) {
      if (!dtmfTones[digit.toUpperCase()]) continue;
      await this.send(digit, durationMs);
      await new Promise<void>((resolve) => this.needs.clock.after(durationMs + betweenDigitsMs, resolve));
    }
  }

  async send(digit: string, durationMs: number): Promise<void> {
    const { channel, events } = this.needs;
    if (events()) {
      await channel.order('uuid_send_dtmf', `${digit}@${durationMs}`);
      return;
    }
    const tones = dtmfTones[digit.toUpperCase()];
    if (!tones) return;
    await channel.order('uuid_displace', `start ${toneSpec(durationMs, betweenDigitsMs, ...tones)} 0 m`);
  }
}
