// Who hears whom, worked out anew whenever something changes (engine.ts asks). Pure over the parties' own fields.
// Preferred: a party hears exactly one other whose packets it can take as they are; they are forwarded on receipt.
// Otherwise it hears a sum of decoded audio, made in the tick.

import type { Party } from './party.ts';
import { kind, passes } from './payload-kinds.ts';

export interface RoomMember {
  muted: boolean;
  /** Only these hear the member; everybody unless given. */
  heardBy?: ReadonlySet<Party>;
}

export type Room = Map<Party, RoomMember>;

function membersHeardBy(listener: Party, room: Room): Party[] {
  const out: Party[] = [];
  for (const [party, member] of room) {
    if (party === listener || member.muted) continue;
    if (!member.heardBy || member.heardBy.has(listener)) out.push(party);
  }
  return out;
}

function heardBy(listener: Party, rooms: Iterable<Room>): Party[] {
  for (const room of rooms) if (room.has(listener)) return membersHeardBy(listener, room);
  if (listener.bridgedTo) return [listener.bridgedTo];
  return listener.player?.echo ? [listener] : [];
}

export function plan(parties: Iterable<Party>, rooms: readonly Room[]): void {
  const all = [...parties];
  const wasDecoding = new Map(all.map((party) => [party, party.decoding]));
  for (const party of all) {
    party.forwardTo = undefined;
    party.hearsForwarded = undefined;
    party.decoding = party.tap !== undefined && party.receiveKind === kind.opus;
  }
  for (const listener of all) {
    const sources = heardBy(listener, rooms);
    const only = sources.length === 1 ? sources[0]! : undefined;
    const playingOver = listener.player?.over === true;
    // In a room, too: two who talk hear no difference when somebody begins to listen to them.
    const free = only && (only.forwardTo === undefined || only.forwardTo === listener);
    if (only && free && !playingOver && passes(only.receiveKind, listener.sendKind)) {
      // A muted party stays in its place; that it is not forwarded is its own doing, and silence is sent instead.
      if (!only.muted) {
        only.forwardTo = listener;
        listener.hearsForwarded = only;
      }
      listener.mixFrom = [];
      if (listener.tap && listener.sendKind === kind.opus) only.decoding = true;
    } else {
      listener.mixFrom = sources;
      for (const source of sources) source.decoding = true;
    }
  }
  for (const party of all) if (party.decoding && !wasDecoding.get(party)) party.decoded.reset();
}
