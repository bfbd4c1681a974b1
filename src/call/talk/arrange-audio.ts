// Brings the media of a call to what audio-plan.ts says of its state, one change after the other. To be called after every
// change of who takes part and who is on hold; a call that comes while another is at work finds everything done. Two who
// hear each other are bridged, three or more (or a supervisor) are in a conference. First those are parted who may no longer
// hear each other, then others joined, then music begins and ends.

import type { Endpoint, Playback } from '../../media/endpoint.ts';
import type { Conference } from '../../media/media-server.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { CallState, Centre } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import { unattended } from '../parts.ts';
import { type AudioMember, audioPlan, isPair, type Sound, sameMember, sameMembers } from './audio-plan.ts';
import { pauseFollows } from './recording-pause.ts';

/** As the media servers have it. */
export interface ArrangedAudio {
  together: readonly AudioMember[];
  room: Conference | undefined;
  sounds: Map<Endpoint, { what: Sound; playback: Playback | undefined }>;
  turn: Promise<unknown>;
}

/** Resolves when it is so. Rejects when the media cannot: who was to be joined then hears nobody. */
export function arrangeAudio(centre: Centre, call: CallState): Promise<void> {
  pauseFollows(centre, call);
  call.audio ??= { together: [], room: undefined, sounds: new Map(), turn: Promise.resolve() };
  const audio = call.audio;
  const done = audio.turn.then(() => carryOut(centre, call, audio));
  audio.turn = done.catch(() => undefined);
  return done;
}

/** For verbs that answer before the audio has followed. */
export function audioFollows(centre: Centre, call: CallState): void {
  unattended(call.log, 'arrange the audio', arrangeAudio(centre, call));
}

/** This party hears nobody and is heard by nobody from now on, whatever else is being arranged. */
export function cutOff(call: CallState, endpoint: Endpoint): void {
  const quietly = (what: string, work: Promise<unknown>) =>
    work.catch((thrown: unknown) => call.log.debug({ err: asError(thrown) }, what));
  void quietly('not muted', endpoint.setMuted(true));
  void quietly('not taken out of the conference', call.audio?.room?.leave(endpoint) ?? Promise.resolve());
  void quietly('not parted', endpoint.unbridge());
}

/** When the call is over its endpoints close by themselves; the room is to go with them. */
export async function endAudio(call: CallState): Promise<void> {
  const { audio } = call;
  if (!audio) return;
  await audio.turn;
  for (const { playback } of audio.sounds.values()) playback?.stop();
  audio.sounds.clear();
  await closeRoom(call, audio);
}

async function carryOut(centre: Centre, call: CallState, audio: ArrangedAudio): Promise<void> {
  if (isOver(call)) return;
  const plan = audioPlan(call);
  if (!sameMembers(audio.together, plan.together)) {
    const before = audio.together;
    // Until it is done nothing is certain; should it fail, the next arrangement begins anew.
    audio.together = [];
    try {
      await rejoin(centre, call, audio, before, plan.together);
      audio.together = plan.together;
    } catch (thrown) {
      // Somebody left in the same moment: that is told by its own event, and arranged then.
      if (!(thrown instanceof AppError) || thrown.code !== 'not-found') throw thrown;
      call.log.debug({ err: thrown }, 'a party was gone before its audio was arranged');
    }
  }
  if (!isOver(call)) play(call, audio, audioPlan(call).sounds);
}

async function rejoin(
  centre: Centre,
  call: CallState,
  audio: ArrangedAudio,
  before: readonly AudioMember[],
  wanted: readonly AudioMember[],
): Promise<void> {
  const stays = ({ endpoint }: AudioMember) => wanted.some((member) => member.endpoint === endpoint);
  const [one, other] = wanted;
  if (!one || !other) {
    if (audio.room) return closeRoom(call, audio);
    return part(call, before);
  }
  for (const member of before) if (audio.room && !stays(member)) await leave(call, audio.room, member.endpoint);
  if (isPair(wanted)) {
    await one.endpoint.bridge(other.endpoint);
    return closeRoom(call, audio);
  }
  audio.room ??= await centre.parts.media.createConference(call.id);
  // Who is heard by fewer than before is changed first: not a word may reach the wrong ear.
  const fresh = wanted.filter((member) => !before.some((known) => sameMember(known, member)) || isPair(before));
  const restrained = fresh.filter(({ muted, heardBy }) => muted || heardBy);
  const room = audio.room;
  await room.joinAll([...restrained, ...fresh.filter((member) => !restrained.includes(member))]);
}

async function part(call: CallState, before: readonly AudioMember[]): Promise<void> {
  for (const { endpoint } of before) {
    try {
      return await endpoint.unbridge();
    } catch (thrown) {
      call.log.debug({ err: asError(thrown) }, 'a party is gone already');
    }
  }
}

async function leave(call: CallState, room: Conference, endpoint: Endpoint): Promise<void> {
  await room
    .leave(endpoint)
    .catch((thrown: unknown) => call.log.debug({ err: asError(thrown) }, 'a party has left already'));
}

async function closeRoom(call: CallState, audio: ArrangedAudio): Promise<void> {
  const { room } = audio;
  audio.room = undefined;
  await room
    ?.close()
    .catch((thrown: unknown) => call.log.warn({ err: asError(thrown) }, 'a conference did not close cleanly'));
}

/** The customer's music is the call's (`call.music`), because queues and flows play it, too. */
function play(call: CallState, audio: ArrangedAudio, wanted: ReadonlyMap<Endpoint, Sound>): void {
  const customer = call.customer?.endpoint;
  const ours = call.phase === 'talking' || call.phase === 'parked' || call.phase === 'directed';
  for (const [endpoint, { what, playback }] of audio.sounds) {
    if (wanted.get(endpoint) === what) continue;
    audio.sounds.delete(endpoint);
    if (endpoint !== customer) playback?.stop();
  }
  for (const [endpoint, what] of wanted) {
    if (audio.sounds.has(endpoint)) continue;
    if (endpoint === customer) playMusic(call);
    audio.sounds.set(endpoint, { what, playback: endpoint === customer ? undefined : start(endpoint, what) });
  }
  if (ours && customer && !wanted.has(customer)) stopMusic(call);
}

function start(endpoint: Endpoint, what: Sound): Playback {
  return endpoint.play({ kind: what }, { loop: true });
}

/** The customer hears music until `stopMusic`. */
export function playMusic(call: CallState): void {
  call.music?.stop();
  call.music = call.customer?.endpoint.play({ kind: 'music' }, { loop: true });
}

export function stopMusic(call: CallState): void {
  call.music?.stop();
  call.music = undefined;
}
