// What we read and change in the SDP that a WebRTC engine makes: credentials, fingerprints (RFC 8122), candidates
// (RFC 8839), the address that a browser shall see. The engine negotiates; this never does.

import { attribute, attributes } from './attributes.ts';
import type { SdpMedia, SessionDescription } from './session-description.ts';
import { addressTypeOf } from './session-description.ts';

export interface IceCandidate {
  foundation: string;
  component: number;
  transport: string;
  priority: number;
  address: string;
  port: number;
  type: 'host' | 'srflx' | 'prflx' | 'relay';
  /** What follows the type, as written: raddr, rport, tcptype, generation … */
  rest: string;
}

export interface IceParameters {
  usernameFragment?: string;
  password?: string;
  fingerprint?: { algorithm: string; value: string };
  setup?: string;
  lite: boolean;
  candidates: IceCandidate[];
}

const types: readonly string[] = ['host', 'srflx', 'prflx', 'relay'];

/** The value of a=candidate, without "candidate:"; undefined when malformed. */
export function parseCandidate(value: string): IceCandidate | undefined {
  const [foundation, component, transport, priority, address, port, typ, type, ...rest] = value.trim().split(/ +/);
  if (!foundation || !transport || !address || typ !== 'typ' || !type || !types.includes(type)) return undefined;
  const numbers = [Number(component), Number(priority), Number(port)];
  if (numbers.some((each) => !Number.isInteger(each) || each < 0) || numbers[2]! > 65535) return undefined;
  return {
    foundation,
    component: numbers[0]!,
    transport,
    priority: numbers[1]!,
    address,
    port: numbers[2]!,
    type: type as IceCandidate['type'],
    rest: rest.join(' '),
  };
}

export function candidateValue(candidate: IceCandidate): string {
  const { foundation, component, transport, priority, address, port, type, rest } = candidate;
  return `${foundation} ${component} ${transport} ${priority} ${address} ${port} typ ${type}${rest ? ` ${rest}` : ''}`;
}

/** Host candidate of component 1, of the highest preference (RFC 8445 §5.1.2). */
export const hostCandidate = (address: string, port: number): string =>
  `1 1 UDP 2130706431 ${address} ${port} typ host`;

/** ICE and DTLS parameters of a stream; what it does not say itself comes from the session. */
export function iceParameters(description: SessionDescription, media: SdpMedia): IceParameters {
  const either = (name: string) => attribute(media, name) ?? attribute(description, name);
  const [algorithm, value] = (either('fingerprint') ?? '').split(/\s+/);
  const out: IceParameters = {
    lite: attribute(description, 'ice-lite') !== undefined,
    candidates: attributes(media, 'candidate')
      .map(parseCandidate)
      .filter((each) => each !== undefined),
  };
  const usernameFragment = either('ice-ufrag');
  const password = either('ice-pwd');
  const setup = either('setup');
  if (usernameFragment) out.usernameFragment = usernameFragment;
  if (password) out.password = password;
  if (setup) out.setup = setup;
  if (algorithm && value) out.fingerprint = { algorithm: algorithm.toLowerCase(), value: value.toUpperCase() };
  return out;
}

/** An offer that asks for a new ICE session: ufrag and password both differ from before (RFC 8839 §4.4.1.1.1). */
export function isIceRestart(before: IceParameters, now: IceParameters): boolean {
  return before.usernameFragment !== now.usernameFragment && before.password !== now.password;
}

/**
 * Gives each candidate the address that `map` returns for its own; undefined drops it. c= and o= follow the first kept
 * candidate, so that no inner address is left anywhere in the description.
 */
export function rewriteCandidates(
  description: SessionDescription,
  map: (candidate: IceCandidate) => { address: string; port?: number } | undefined,
): SessionDescription {
  let shown: { address: string; port: number } | undefined;
  const media = description.media.map((each) => {
    let first: { address: string; port: number } | undefined;
    const kept = each.attributes.flatMap((line) => {
      if (line.name !== 'candidate') return [line];
      const candidate = parseCandidate(line.value ?? '');
      const to = candidate && map(candidate);
      if (!candidate || !to) return [];
      const moved = {
        ...candidate,
        address: to.address,
        port: to.port ?? candidate.port,
        rest: withoutRelated(candidate.rest),
      };
      first ??= { address: moved.address, port: moved.port };
      return [{ name: 'candidate', value: candidateValue(moved) }];
    });
    shown ??= first;
    const out: SdpMedia = { ...each, attributes: kept };
    if (first) {
      out.connection = { addressType: addressTypeOf(first.address), address: first.address };
      if (each.port !== 0) out.port = first.port;
    }
    return out;
  });
  const address = shown?.address ?? '127.0.0.1';
  const addressType = addressTypeOf(address);
  const origin = { ...description.origin, username: '-', addressType, address };
  const out: SessionDescription = { ...description, origin, media };
  if (description.connection) out.connection = { addressType, address };
  return out;
}

/** raddr and rport would tell the inner address. */
const withoutRelated = (rest: string): string => rest.replace(/\braddr \S+ rport \d+ ?/, '').trim();
