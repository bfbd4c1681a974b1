// The codecs we speak, and finding the ones that two sides share (RFC 3264 §6.1).
// Pure tables and matching; no audio passes here.

import type { RtpMap } from './attributes.ts';
import { formatParameters, rtpMaps } from './attributes.ts';
import type { SdpMedia } from './session-description.ts';

export type CodecName = 'PCMU' | 'PCMA' | 'opus';

export interface Codec {
  name: CodecName;
  /** What we offer it as. In an answer the offerer's number is used. */
  payloadType: number;
  clockRateHz: number;
  channels: number;
  formatParameters?: string;
}

/** A codec both sides have, with the number each direction uses (they may differ: RFC 3264 §6.1). */
export interface NegotiatedCodec {
  name: CodecName;
  sendPayloadType: number;
  receivePayloadType: number;
  clockRateHz: number;
  channels: number;
  /** Parameters the far end asked us to respect. */
  remoteParameters?: string;
}

/** RFC 4733 events, tied to a clock rate. */
export interface NegotiatedEvents {
  sendPayloadType: number;
  receivePayloadType: number;
  clockRateHz: number;
}

/**
 * Opus is written opus/48000/2 whatever is sent (RFC 7587 §4.1, §7). Mono is preferred in both directions, in-band FEC wanted.
 */
const knownCodecs: Readonly<Record<CodecName, Codec>> = {
  PCMU: { name: 'PCMU', payloadType: 0, clockRateHz: 8000, channels: 1 },
  PCMA: { name: 'PCMA', payloadType: 8, clockRateHz: 8000, channels: 1 },
  opus: {
    name: 'opus',
    payloadType: 111,
    clockRateHz: 48000,
    channels: 2,
    formatParameters: 'minptime=10;useinbandfec=1',
  },
};

/** What we offer RFC 4733 events as, by clock rate. */
export const eventPayloadTypes: Readonly<Record<number, number>> = { 8000: 101, 48000: 110 };
export const comfortNoisePayloadType = 13;

/** Codecs by name, in order, whatever their case; unknown names are left out. */
export function codecsNamed(names: readonly string[]): Codec[] {
  const out: Codec[] = [];
  for (const name of names) {
    const codec = Object.values(knownCodecs).find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (codec && !out.includes(codec)) out.push(codec);
  }
  return out;
}

const isCodec = (map: RtpMap, codec: Codec): boolean =>
  map.encoding.toLowerCase() === codec.name.toLowerCase() &&
  map.clockRateHz === codec.clockRateHz &&
  map.channels === codec.channels;

/** The remote stream's codecs that we support, in the remote's order. */
export function sharedCodecs(
  remote: SdpMedia,
  supported: readonly Codec[],
  ourPayloadType: (codec: Codec, remotePayloadType: number) => number,
): NegotiatedCodec[] {
  const out: NegotiatedCodec[] = [];
  for (const map of rtpMaps(remote)) {
    const codec = supported.find((each) => isCodec(map, each));
    if (!codec || out.some((each) => each.name === codec.name)) continue;
    const parameters = formatParameters(remote, map.payloadType);
    out.push({
      name: codec.name,
      sendPayloadType: map.payloadType,
      receivePayloadType: ourPayloadType(codec, map.payloadType),
      clockRateHz: codec.clockRateHz,
      channels: codec.channels,
      ...(parameters === undefined ? {} : { remoteParameters: parameters }),
    });
  }
  return out;
}

/** telephone-event at the codec's clock rate; failing that at any rate (RFC 4733 §2.5.1 wants the audio's; some peers have one). */
export function sharedEvents(
  remote: SdpMedia,
  clockRateHz: number,
  ourPayloadType: (remotePayloadType: number, clockRateHz: number) => number | undefined,
): NegotiatedEvents | undefined {
  const maps = rtpMaps(remote).filter((map) => map.encoding.toLowerCase() === 'telephone-event');
  const map = maps.find((each) => each.clockRateHz === clockRateHz) ?? maps[0];
  const receivePayloadType = map && ourPayloadType(map.payloadType, map.clockRateHz);
  if (!map || receivePayloadType === undefined) return undefined;
  return { sendPayloadType: map.payloadType, receivePayloadType, clockRateHz: map.clockRateHz };
}
