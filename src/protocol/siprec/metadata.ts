// Recording metadata (RFC 7865): who was in the recorded call, which stream carries whom, since when. Always the whole of it
// (`dataMode` complete), so that a recording server that missed an update has the next. Pure. Knows no numbers: whoever calls decides
// what participants are called.

export interface RecordedParticipant {
  /** UUID; the same for as long as this party is in the call. */
  id: string;
  /** `sip:…`; what the recording server is to know the party by. */
  aor: string;
  name: string;
  /** The label of the stream that this party is heard on (a=label, RFC 4574). */
  sends: string;
  /** Labels of the streams that this party hears. */
  hears: readonly string[];
  joinedAt: number;
  leftAt?: number;
}

export interface RecordingMetadata {
  /** UUID of the recorded call. */
  sessionId: string;
  startedAt: number;
  endedAt?: number;
  /** Of the recorded call, in SIP; left out where it would say too much. */
  sipSessionId?: string;
  participants: readonly RecordedParticipant[];
  streams: readonly { id: string; label: string }[];
}

export const metadataType = 'application/rs-metadata+xml';

export function writeMetadata({
  sessionId,
  startedAt,
  endedAt,
  sipSessionId,
  participants,
  streams,
}: RecordingMetadata): string {
  const session = base64Id(sessionId);
  const streamId = (label: string) => base64Id(streams.find((stream) => stream.label === label)!.id);
  const times = (from: number, to: number | undefined) =>
    element('associate-time', {}, timeOf(from)) +
    (to === undefined ? '' : element('disassociate-time', {}, timeOf(to)));
  const body = [
    element('datamode', {}, 'complete'),
    element(
      'session',
      { session_id: session },
      (sipSessionId === undefined ? '' : element('sipSessionID', {}, text(sipSessionId))) +
        element('start-time', {}, timeOf(startedAt)) +
        (endedAt === undefined ? '' : element('stop-time', {}, timeOf(endedAt))),
    ),
    ...participants.map(({ id, aor, name }) =>
      element(
        'participant',
        { participant_id: base64Id(id) },
        element('nameID', { aor }, element('name', { 'xml:lang': 'en' }, text(name))),
      ),
    ),
    ...streams.map(({ id, label }) =>
      element('stream', { stream_id: base64Id(id), session_id: session }, element('label', {}, text(label))),
    ),
    element('sessionrecordingassoc', { session_id: session }, times(startedAt, endedAt)),
    ...participants.map(({ id, joinedAt, leftAt }) =>
      element(
        'participantsessionassoc',
        { participant_id: base64Id(id), session_id: session },
        times(joinedAt, leftAt),
      ),
    ),
    ...participants.map(({ id, sends, hears }) =>
      element(
        'participantstreamassoc',
        { participant_id: base64Id(id) },
        element('send', {}, streamId(sends)) + hears.map((label) => element('recv', {}, streamId(label))).join(''),
      ),
    ),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('recording', { xmlns: 'urn:ietf:params:xml:ns:recording:1' }, body.join(''))}\n`;
}

/** A UUID as the base64 of its 16 bytes (RFC 7865 §6.10). */
export function base64Id(uuid: string): string {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64');
}

/** RFC 3339, in UTC. */
const timeOf = (at: number): string => new Date(at).toISOString();

function element(name: string, attributes: Record<string, string>, content: string): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${text(value)}"`);
  return `<${name}${written.join('')}>${content}</${name}>`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** What XML 1.0 does not have at all is left out. */
function text(value: string): string {
  return [...value]
    .filter((one) => isInXml(one.codePointAt(0)!))
    .map((one) => entities[one] ?? one)
    .join('');
}

const isInXml = (code: number): boolean =>
  code === 0x09 || code === 0x0a || code === 0x0d || (code >= 0x20 && code !== 0xfffe && code !== 0xffff);
