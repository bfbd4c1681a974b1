// What lua.ts writes into streams and replies, as the things they mean (store/live/wire.ts).

import type { NodeId } from '../../shared/ids.ts';
import { placeOf } from '../live/memory-log.ts';
import { fromText } from '../live/text.ts';
import type { Change, EntryName, Letter, LogDelivery, Position, RemovedBecause, WireEntry } from '../live/wire.ts';
import type { LiveNode } from '../live-state.ts';
import type { StreamEntry } from './stream-reader.ts';

/** A place of Redis (ms-sequence) in the form that sorts as text, and back. */
export function toPlace(id: string): string {
  const [atMs, sequence] = id.split('-').map(Number);
  return placeOf(atMs!, sequence ?? 0);
}

export function fromPlace(place: string): string {
  const [atMs, sequence] = place.split('-').map(Number);
  return `${atMs}-${sequence}`;
}

export const fieldOf = ({ map, key }: EntryName) => `${map}\n${key}`;

export function nameOf(field: string): EntryName {
  const end = field.indexOf('\n');
  return { map: field.slice(0, end), key: field.slice(end + 1) };
}

/** owner|flags|expiresAt|value */
export function unpackEntry(field: string, packed: string): WireEntry {
  const owner = packed.indexOf('|');
  const flags = packed.indexOf('|', owner + 1);
  const expiresAt = packed.indexOf('|', flags + 1);
  const marks = packed.slice(owner + 1, flags);
  return {
    ...nameOf(field),
    owner: packed.slice(0, owner) as NodeId,
    keepOrphan: marks.includes('k'),
    orphan: marks.includes('o'),
    expiresAt: Number(packed.slice(flags + 1, expiresAt)),
    text: packed.slice(expiresAt + 1),
  };
}

function read(fields: readonly string[]): { one: (name: string) => string; all: (name: string) => string[] } {
  const all = (name: string) => fields.filter((_, i) => i % 2 === 1 && fields[i - 1] === name);
  return { one: (name) => all(name)[0] ?? '', all };
}

export function readChange([id, fields]: StreamEntry): { change: Change; at: Position } {
  const { one, all } = read(fields);
  return { change: changeOf(one, all), at: { place: id, n: Number(one('n')) } };
}

function changeOf(one: (name: string) => string, all: (name: string) => string[]): Change {
  switch (one('t')) {
    case 'put':
      return { kind: 'put', entry: unpackEntry(one('f'), one('v')), writeId: one('w') };
    case 'removed': {
      const because = one('b') as RemovedBecause;
      return { kind: 'removed', entries: all('f').map(nameOf), because, writeId: one('w') };
    }
    case 'kept':
      return { kind: 'kept', entry: nameOf(one('f')), writeId: one('w') };
    case 'orphaned':
      return { kind: 'orphaned', entries: all('f').map(nameOf) };
    case 'gone':
      return { kind: 'gone', nodeId: one('i') as NodeId, because: one('b') as 'left' | 'lapsed' };
    default:
      return { kind: 'node', node: fromText<LiveNode>(one('v')) };
  }
}

export function readTopic([place, fields]: StreamEntry) {
  const { one } = read(fields);
  return { topic: one('t'), from: one('i') as NodeId, text: one('v'), place };
}

/** Undefined: a letter to ourselves that only ends a wait. */
export function readLetter([, fields]: StreamEntry): Letter | undefined {
  const { one } = read(fields);
  const [kind, id, from, text] = [one('k'), one('id'), one('i') as NodeId, one('v')];
  if (kind === 'fault') return { kind, id, from, code: one('c'), text };
  return kind === 'question' || kind === 'answer' ? { kind, id, from, text } : undefined;
}

export function readLogEntry(log: string, [id, fields]: StreamEntry): LogDelivery {
  const { one } = read(fields);
  return {
    log,
    epoch: one('e'),
    n: Number(one('n')),
    place: toPlace(id),
    atMs: Number(id.slice(0, id.indexOf('-'))),
    from: one('i') as NodeId,
    text: one('v'),
  };
}
