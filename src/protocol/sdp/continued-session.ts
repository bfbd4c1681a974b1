// One SDP session whose descriptions on our side come from several makers, one after the other: the media server that made
// the first is gone, another one makes the next. The far end must see one session all the same (RFC 3264 §8): the o= line of
// before with its version counted on, every stream in its place, the one that carries audio under its mid of before (RFC 8843).
// Pure. Does not touch what the new maker says about its stream: addresses, codecs, keys, ICE.

import { attribute } from './attributes.ts';
import { parseSdp, type SdpMedia, type SessionDescription, serializeSdp } from './session-description.ts';

export interface ContinuedSession {
  /** What we are about to send: an offer, or an answer to the far end's. As it shall be sent. */
  sendOffer(sdp: string): string;
  sendAnswer(sdp: string): string;
  /** The far end's answer to our last offer, as the maker of that offer expects it. */
  readAnswer(sdp: string): string;
  /** From now on another maker writes our descriptions. */
  moved(): void;
}

/** `first`: our first description, sent already or about to be. */
export function createContinuedSession(first: string): ContinuedSession {
  let last = read(first);
  /** The maker in use has not begun this session: what it writes has an o= line of its own. */
  let stranger = false;
  /** Where the maker's only stream was put in our last offer, when that has more than the maker knows of. */
  let placed: { at: number; mid: string | undefined } | undefined;

  function send(sdp: string, rewrite: (ours: SessionDescription, before: SessionDescription) => void): string {
    const ours = read(sdp);
    if (!ours) return sdp;
    if (stranger && last) {
      rewrite(ours, last);
      ours.origin = { ...last.origin, version: String(BigInt(last.origin.version) + 1n) };
    }
    last = ours;
    return stranger ? serializeSdp(ours) : sdp;
  }

  return {
    sendOffer(sdp) {
      placed = undefined;
      return send(sdp, (ours, before) => {
        const at = audioAt(before);
        const stream = ours.media[audioAt(ours)];
        const beforeStream = before.media[at];
        if (!stream || !beforeStream) return;
        placed = { at, mid: attribute(stream, 'mid') };
        renameMid(ours, stream, attribute(beforeStream, 'mid'));
        if (ours.media.length < before.media.length)
          ours.media = before.media.map((each, index) => (index === at ? stream : refused(each)));
        else placed = undefined;
      });
    },
    sendAnswer: (sdp) => send(sdp, () => undefined),
    readAnswer(sdp) {
      const theirs = placed && read(sdp);
      const stream = theirs?.media[placed?.at ?? 0];
      if (!placed || !theirs || !stream) return sdp;
      theirs.media = [stream];
      renameMid(theirs, stream, placed.mid);
      return serializeSdp(theirs);
    },
    moved() {
      stranger = true;
    },
  };
}

function read(sdp: string): SessionDescription | undefined {
  const parsed = parseSdp(sdp);
  return parsed.kind === 'ok' ? parsed.description : undefined;
}

/** The stream that is on, or would be. */
const audioAt = (description: SessionDescription): number =>
  Math.max(
    0,
    description.media.findIndex(({ kind, port }) => kind === 'audio' && port !== 0),
  );

/** A bundle of one (RFC 8843 §7.2): what we speak with browsers. Without a mid there is no bundle. */
function renameMid(description: SessionDescription, stream: SdpMedia, mid: string | undefined): void {
  if (attribute(stream, 'mid') === undefined || mid === undefined) return;
  for (const each of stream.attributes) if (each.name === 'mid') each.value = mid;
  for (const each of description.attributes)
    if (each.name === 'group' && each.value?.startsWith('BUNDLE')) each.value = `BUNDLE ${mid}`;
}

/** Refused in its place (RFC 3264 §6), as it was when the session began. */
function refused({ kind, protocol, formats, attributes }: SdpMedia): SdpMedia {
  const kept = attributes.filter(({ name }) => name === 'mid');
  return { kind, port: 0, protocol, formats: [...formats], lines: [], attributes: kept };
}
