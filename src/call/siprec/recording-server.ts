// Calls for a company's own recording server (SIPREC, RFC 7866): follows our own recordings, and offers each whose queue and reason are
// wanted to the server, both sides as streams of their own, with metadata that follows who is in the call. Reads the event log of this
// node and asks nothing of the call: what goes wrong with the server, the call does not notice.
//
//   recording-started ─▶ inviting ─answered▶ sending ─recording-stopped, call-ended▶ over
//                          ▲  refused, lost   │
//                          └──── waiting ◀────┘        again after 2, 4, 8 … 60 s, as long as the recording goes on

import { randomBytes, randomUUID } from 'node:crypto';
import {
  metadataType,
  type RecordedParticipant,
  type RecordingMetadata,
  writeMetadata,
} from '../../protocol/siprec/metadata.ts';
import { offerStreams, readAnswer, twoParts } from '../../protocol/siprec/recording-session.ts';
import type { Recorder } from '../../recording/recorder.ts';
import type { Border } from '../../sbc/border.ts';
import type { Leg } from '../../sbc/leg.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { EngawaEvent } from '../../shared/events.ts';
import type { CallId, PersonId, RecordingId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { EventLog } from '../../store/event-log.ts';
import type { People } from '../../store/records.ts';

export interface RecordingServerSettings {
  server: string;
  /** From which the audio is sent. */
  address: string;
  srtp: boolean;
  /** Empty: all. */
  queues: readonly string[];
  reasons: readonly string[];
  agentNames: boolean;
}

export interface RecordingServerNeeds {
  clock: Clock;
  log: Logger;
  events: Pick<EventLog, 'subscribe' | 'append'>;
  people: Pick<People, 'byId'>;
  recorder: Pick<Recorder, 'fork' | 'forkTo' | 'unfork' | 'on'>;
  border: Pick<Border, 'callRecordingServer'>;
  domain: string;
  settings: RecordingServerSettings;
}

interface Party {
  id: string;
  personId: PersonId | null;
  joinedAt: number;
  leftAt?: number;
}

interface Followed {
  callId: CallId;
  alias: string | null;
  queue: string | null;
  reason: string | null;
  customer: Party;
  agents: Party[];
  session?: Session;
}

interface Session {
  recordingId: RecordingId;
  id: string;
  startedAt: number;
  streams: { left: string; right: string };
  version: number;
  tries: number;
  leg?: Leg;
  sending: boolean;
  again?: Timer;
  over: boolean;
  /** Updates go one after the other. */
  telling: Promise<unknown>;
}

const labels = { left: '1', right: '2' } as const;
const suite = 'AES_CM_128_HMAC_SHA1_80' as const;
const firstWaitMs = 2000;
const longestWaitMs = 60_000;

export interface RecordingServer {
  /** Sessions in which audio is being sent. */
  readonly sending: number;
  close(): Promise<void>;
}

export function followRecordings(needs: RecordingServerNeeds): RecordingServer {
  const { clock, log, settings, recorder } = needs;
  const calls = new Map<CallId, Followed>();
  const party = (personId: PersonId | null): Party => ({ id: randomUUID(), personId, joinedAt: clock.now() });
  const wanted = ({ queue, reason }: Followed) =>
    (settings.queues.length === 0 || (queue !== null && settings.queues.includes(queue))) &&
    (settings.reasons.length === 0 || (reason !== null && settings.reasons.includes(reason)));

  function onEvent(event: EngawaEvent): void {
    if (!('callId' in event) || event.callId === null) return;
    if (event.type === 'call-started') {
      const { callId, alias } = event;
      calls.set(callId, { callId, alias, queue: null, reason: null, customer: party(null), agents: [] });
      return;
    }
    const call = calls.get(event.callId as CallId);
    if (!call) return;
    if (event.type === 'queue-entered') call.queue = event.queue;
    else if (event.type === 'reason-set') call.reason = event.reason;
    else if (event.type === 'agent-answered') {
      call.agents.push(party(event.personId));
      tell(call);
    } else if (event.type === 'agent-left') {
      for (const agent of call.agents)
        if (agent.personId === event.personId && agent.leftAt === undefined) agent.leftAt = clock.now();
      tell(call);
    } else if (event.type === 'call-held' || event.type === 'call-resumed') tell(call);
    else if (event.type === 'recording-started') begin(call, event.recordingId);
    else if (event.type === 'recording-stopped') void end(call);
    else if (event.type === 'call-ended') void end(call).finally(() => calls.delete(call.callId));
  }

  function begin(call: Followed, recordingId: RecordingId): void {
    if (call.session || !wanted(call)) return;
    const streams = { left: randomUUID(), right: randomUUID() };
    const more = { version: 0, tries: 0, sending: false, over: false, telling: Promise.resolve() };
    call.session = { recordingId, id: randomUUID(), startedAt: clock.now(), streams, ...more };
    void invite(call, call.session);
  }

  async function invite(call: Followed, session: Session): Promise<void> {
    try {
      const ports = await recorder.fork(session.recordingId, settings.address);
      if (session.over) return;
      if (!ports) return retry(call, session, 'the audio cannot be had');
      const key = () => ({ tag: 1, suite, keyAndSalt: randomBytes(30) });
      const offered = (['left', 'right'] as const).map((side) => ({
        side,
        label: labels[side],
        port: ports[side],
        ...(settings.srtp ? { crypto: key() } : {}),
      }));
      session.version += 1;
      const sessionId = String(Number.parseInt(session.id.slice(0, 8), 16));
      const sdpOffer = offerStreams({
        address: settings.address,
        sessionId,
        version: session.version,
        streams: offered,
      });
      const body = twoParts(sdpOffer, writeMetadata(await metadataOf(call, session)), `engawa-${randomUUID()}`);
      const leg = needs.border.callRecordingServer({ callId: call.callId, uri: settings.server, sdpOffer, body });
      session.leg = leg;
      leg.on('answered', ({ sdpAnswer }) => {
        const accepted = readAnswer(sdpAnswer ?? '', offered);
        if (typeof accepted === 'string') {
          void leg.end();
          return retry(call, session, accepted);
        }
        session.tries = 0;
        session.sending = true;
        recorder.forkTo(
          session.recordingId,
          accepted.map(({ label, ...target }) => {
            const { side, crypto } = offered.find((one) => one.label === label)!;
            return {
              side,
              ...target,
              ...(crypto ? { srtp: { suite, keyAndSalt: crypto.keyAndSalt.toString('base64') } } : {}),
            };
          }),
        );
        log.info({ callId: call.callId, streams: accepted.length }, 'the recording server takes the call');
        // Who came and went while it was being asked.
        tell(call);
      });
      leg.on('ended', ({ cause, sipStatus }) => {
        if (session.leg !== leg || session.over) return;
        retry(call, session, `the recording server ended it (${sipStatus ?? cause})`);
      });
    } catch (thrown) {
      retry(call, session, asError(thrown).message);
    }
  }

  function retry(call: Followed, session: Session, because: string): void {
    session.sending = false;
    delete session.leg;
    recorder.unfork(session.recordingId);
    if (session.over) return;
    if (session.tries === 0) alarm(call, because);
    const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** session.tries);
    session.tries += 1;
    session.again?.cancel();
    session.again = clock.after(waitMs, () => void invite(call, session));
  }

  function alarm({ callId }: Followed, because: string): void {
    log.error({ callId, because }, 'the recording server does not record a call');
    needs.events
      .append({ type: 'recording-server-failed', callId, because })
      .catch((err: unknown) => log.error({ err }, 'that a recording server failed could not be kept'));
  }

  /** Metadata anew (RFC 7866 §9.1): all of it, in the order in which things happened. */
  function tell(call: Followed, endedAt?: number): void {
    const { session } = call;
    const leg = session?.leg;
    if (!session?.sending || !leg) return;
    session.telling = session.telling
      .then(async () => {
        const text = writeMetadata(await metadataOf(call, session, endedAt));
        const status = await leg.inform?.({ contentType: metadataType, disposition: 'recording-session', text });
        if (status === undefined || status >= 300)
          log.warn({ callId: call.callId, status }, 'the recording server did not take metadata');
      })
      .catch((err: unknown) => log.warn({ err: asError(err) }, 'metadata could not be told'));
  }

  async function metadataOf(call: Followed, session: Session, endedAt?: number): Promise<RecordingMetadata> {
    const { id, startedAt, streams } = session;
    const address = (user: string) => `sip:${encodeURIComponent(user)}@${needs.domain}`;
    const customer: RecordedParticipant = {
      ...{ id: call.customer.id, joinedAt: Math.max(startedAt, call.customer.joinedAt) },
      ...{ aor: address(call.alias ?? 'anonymous'), name: call.alias ?? 'Anonymous' },
      ...{ sends: labels.left, hears: [labels.right] },
    };
    const agents = call.agents.map(async (agent): Promise<RecordedParticipant> => {
      const person = settings.agentNames && agent.personId ? await needs.people.byId(agent.personId) : undefined;
      const name = person?.login ?? agent.personId ?? 'agent';
      return {
        ...{ id: agent.id, aor: address(name), name: person?.displayName ?? name },
        ...{ sends: labels.right, hears: [labels.left], joinedAt: Math.max(startedAt, agent.joinedAt) },
        ...(agent.leftAt === undefined ? {} : { leftAt: agent.leftAt }),
      };
    });
    return {
      ...{ sessionId: id, startedAt, participants: [customer, ...(await Promise.all(agents))] },
      ...(endedAt === undefined ? {} : { endedAt }),
      streams: (['left', 'right'] as const).map((side) => ({ id: streams[side], label: labels[side] })),
    };
  }

  async function end(call: Followed): Promise<void> {
    const { session } = call;
    if (!session || session.over) return;
    tell(call, clock.now());
    session.over = true;
    session.again?.cancel();
    await session.telling;
    recorder.unfork(session.recordingId);
    await session.leg?.end('normal');
    delete call.session;
  }

  const offEvents = needs.events.subscribe(onEvent);
  // The process that made the recording is another one: what it forked is gone.
  const offTap = recorder.on('tapNeeded', ({ callId, recordingId }) => {
    const call = calls.get(callId);
    const session = call?.session;
    if (!call || session?.recordingId !== recordingId || !session.sending) return;
    const { leg } = session;
    retry(call, session, 'the audio was interrupted');
    void leg?.end('normal');
  });
  return {
    get sending() {
      return [...calls.values()].filter(({ session }) => session?.sending).length;
    },
    async close() {
      offEvents();
      offTap();
      await Promise.all([...calls.values()].map(end));
    },
  };
}
