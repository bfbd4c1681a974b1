// The little a leg looks at in an SDP body that it otherwise passes on unread: does the far end still listen to us
// (RFC 3264 §8.4)? Does not negotiate; that is the endpoint's.

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** The direction of the first audio stream that is on: of its own, else of the session, else sendrecv. */
export function audioDirection(sdp: string): Direction {
  const [session = '', ...streams] = sdp.split(/^(?=m=)/m);
  const audio = streams.find((stream) => /^m=audio\s+(?!0\s)/.test(stream)) ?? '';
  const direction = directionLine(audio);
  if (direction) return direction;
  // RFC 2543 put a call on hold by the address 0.0.0.0; some gateways still do.
  const address = /^c=.*$/m.exec(audio) ?? /^c=.*$/m.exec(session);
  if (address && /\b0\.0\.0\.0\s*$/.test(address[0])) return 'sendonly';
  return directionLine(session) ?? 'sendrecv';
}

function directionLine(section: string): Direction | undefined {
  return /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m.exec(section)?.[1] as Direction | undefined;
}

/** True when an offer of the far end puts us on hold: it will not listen. */
export function isHold(sdpOffer: string): boolean {
  const direction = audioDirection(sdpOffer);
  return direction === 'sendonly' || direction === 'inactive';
}

export function looksLikeSdp(body: string | undefined): body is string {
  return body !== undefined && /^v=0\r?\n/.test(body);
}
