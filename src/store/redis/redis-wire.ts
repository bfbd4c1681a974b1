// One node's connection to Redis: each operation is a script of lua.ts, what happens elsewhere comes by streams.
// Ends as a whole: a lost connection, an error, a reply or a read that does not come in time breaks it, once.

import { randomBytes } from 'node:crypto';
import type { NodeId } from '../../shared/ids.ts';
import { fromText } from '../live/text.ts';
import type {
  BeatReply,
  EntryName,
  JoinReply,
  Known,
  Letter,
  OpenLogReply,
  Position,
  Wire,
  WireListener,
  WirePut,
  Written,
} from '../live/wire.ts';
import type { LiveNode } from '../live-state.ts';
import { Batches } from './batches.ts';
import { type Connections, within } from './connect.ts';
import {
  fieldOf,
  fromPlace,
  readChange,
  readLetter,
  readLogEntry,
  readTopic,
  toPlace,
  unpackEntry,
} from './stream-fields.ts';
import { blockMs, StreamReader } from './stream-reader.ts';

export interface RedisWireSettings {
  /** Begins every key, in braces. */
  base: string;
  lapseMs: number;
  orphanMs: number;
  /** How long anything stays in Redis when no node is left to use it. */
  keepMs: number;
  /** From sending a command until its reply. */
  timeoutMs: number;
}

const lookEveryMs = 250;

const newEpoch = () => randomBytes(8).toString('hex');

export class RedisWire implements Wire {
  private readonly connections: Connections;
  private readonly nodeId: NodeId;
  private readonly listener: WireListener;
  private readonly settings: RedisWireSettings;
  private readonly batches: Batches;
  private readonly reader: StreamReader;
  private readonly watch: NodeJS.Timeout;
  private over = false;
  private uses = 0;

  constructor(connections: Connections, nodeId: NodeId, listener: WireListener, settings: RedisWireSettings) {
    this.connections = connections;
    this.nodeId = nodeId;
    this.listener = listener;
    this.settings = settings;
    const broke = (because: string) => this.break(because);
    this.batches = new Batches(connections.commands, this.key('seq'), broke);
    this.reader = new StreamReader(connections.reads, broke);
    for (const client of [connections.commands, connections.reads]) {
      client.on('close', () => broke('the connection to Redis ended'));
      client.on('end', () => broke('the connection to Redis ended'));
    }
    this.watch = this.watchTime();
  }

  private key(name: string): string {
    return this.settings.base + name;
  }

  /** Looks twice, so that a process that was held up itself does not blame the server (batches.ts). */
  private watchTime(): NodeJS.Timeout {
    let suspicious = false;
    return setInterval(() => {
      const now = performance.now();
      const { timeoutMs } = this.settings;
      const late =
        now - (this.batches.oldest ?? now) > timeoutMs || now - (this.reader.waitingSince ?? now) > blockMs + timeoutMs;
      if (late && suspicious) this.break(`Redis does not answer within ${timeoutMs} ms`);
      suspicious = late;
    }, lookEveryMs).unref();
  }

  private break(because: string): void {
    if (this.over) return;
    this.end(because);
    this.listener.broken(`${this.connections.where}: ${because}`);
  }

  private end(because: string): void {
    this.over = true;
    clearInterval(this.watch);
    this.reader.close();
    this.batches.fail(because);
    this.connections.commands.disconnect();
    this.connections.reads.disconnect();
  }

  private run(script: Parameters<Batches['run']>[0], ...args: (string | number)[]): Promise<unknown> {
    return this.batches.run(script, [this.settings.base, this.nodeId, ...args]);
  }

  async join(node: LiveNode, known: Known | undefined): Promise<JoinReply> {
    const { place = '', n = '' } = known?.at ?? {};
    const text = JSON.stringify(node);
    const reply = await this.run('join', text, known?.epoch ?? '', place, n, newEpoch(), this.settings.lapseMs);
    const [epoch, was, continuous, place_, n_, serverNowMs, topic, nodes, packed] = reply as [
      string,
      number,
      number,
      string,
      string,
      string,
      string,
      string[],
      string[],
    ];
    const same = known?.epoch === epoch;
    this.follow('changes', place_, (entry) => {
      const { change, at } = readChange(entry);
      this.listener.change(change, at);
    });
    // After a loss everything that is in the streams was written since.
    const topicPlace = known === undefined ? topic : same ? (known.topicPlace ?? topic) : '0-0';
    this.follow('topics', topicPlace, (entry) => {
      const told = readTopic(entry);
      this.listener.topic(told.topic, told.from, told.text, told.place);
    });
    this.follow(`inbox:${this.nodeId}`, (same ? known?.letterPlace : undefined) ?? '0-0', (entry) => {
      const letter = readLetter(entry);
      if (letter) this.listener.letter(letter, entry[0]);
    });
    this.reader.start();
    return {
      epoch,
      wasMember: was === 1,
      continuous: continuous === 1,
      at: { place: place_, n: Number(n_) },
      serverNowMs: Number(serverNowMs),
      nodes: nodes.map((each) => fromText<LiveNode>(each)),
      entries: packed.flatMap((field, i) => (i % 2 === 0 ? [unpackEntry(field, packed[i + 1]!)] : [])),
    };
  }

  private follow(name: string, place: string, take: (entry: Parameters<typeof readChange>[0]) => void): void {
    this.reader.add({ key: this.key(name), place, take });
  }

  async beat(logs: string[]): Promise<BeatReply> {
    const { lapseMs, orphanMs, keepMs } = this.settings;
    const reply = (await this.run('beat', lapseMs, orphanMs, keepMs, newEpoch(), ...logs)) as [number, ...string[]];
    const [member, epoch = '', n = '', serverNowMs = '', ...ends] = reply;
    const newest = new Map<string, { epoch: string; n: number }>();
    for (let i = 0; i < ends.length; i += 3) newest.set(ends[i]!, { epoch: ends[i + 1]!, n: Number(ends[i + 2]) });
    return { member: member === 1, epoch, n: Number(n), serverNowMs: Number(serverNowMs), logs: newest };
  }

  describe(node: LiveNode): Promise<Written<'done'>> {
    return this.run('describe', JSON.stringify(node)) as Promise<Written<'done'>>;
  }

  async put({ map, key, text, expiresInMs, keepOrphan, writeId, claim }: WirePut) {
    const field = fieldOf({ map, key });
    const ttlMs = expiresInMs > 0 ? Math.ceil(expiresInMs) : 0;
    const reply = await this.run('put', field, text, ttlMs, keepOrphan ? 'k' : '', writeId, claim ? 1 : 0);
    return reply === 'not-member' ? reply : { ownedBy: (reply as NodeId[])[0] };
  }

  remove(name: EntryName, writeId: string): Promise<Written<'done'>> {
    return this.run('remove', fieldOf(name), writeId) as Promise<Written<'done'>>;
  }

  async append(log: string, epoch: string | undefined, text: string) {
    const reply = await this.run('append', log, epoch ?? '', text, newEpoch(), this.settings.keepMs);
    if (reply === 'not-member' || reply === 'other-epoch') return reply;
    return { place: toPlace((reply as [string])[0]) };
  }

  async openLog(log: string, known: { epoch: string; at: Position | undefined } | undefined): Promise<OpenLogReply> {
    const place = known?.at ? fromPlace(known.at.place) : '';
    const reply = await this.run('openLog', log, known?.epoch ?? '', place, known?.at?.n ?? '', newEpoch());
    const [epoch, verdict, at, n, text] = reply as [string, OpenLogReply['verdict'], string, string, string];
    return { epoch, verdict, snapshot: at === '' ? undefined : { place: toPlace(at), n: Number(n), text } };
  }

  readLog(log: string, place: string | undefined): void {
    this.follow(`logged:${log}`, place === undefined ? '0-0' : fromPlace(place), (entry) =>
      this.listener.entry(readLogEntry(log, entry)),
    );
    this.endWait();
  }

  stopLog(log: string): void {
    this.reader.remove(this.key(`logged:${log}`));
  }

  /** A letter to ourselves: the reader waits for other streams than it should. */
  private endWait(): void {
    const sent = this.run('post', this.nodeId, 'nudge', '', '', '');
    // Its failure breaks the wire by itself, and with it the wait.
    sent.catch(() => undefined);
  }

  async saveSnapshot(log: string, epoch: string, place: string, text: string): Promise<void> {
    await this.run('saveSnapshot', log, epoch, fromPlace(place), text);
  }

  async acquireLease(name: string, ttlMs: number, holder: string) {
    const reply = await this.run('acquireLease', name, Math.ceil(ttlMs), holder, this.settings.keepMs);
    if (reply === 'not-member' || reply === 'held') return reply;
    return { fence: Number((reply as [string])[0]) };
  }

  async renewLease(name: string, ttlMs: number, holder: string): Promise<boolean> {
    return (await this.run('renewLease', name, Math.ceil(ttlMs), holder)) === 1;
  }

  async releaseLease(name: string, holder: string): Promise<void> {
    await this.run('releaseLease', name, holder);
  }

  async takeToken(key: string, limit: number, windowMs: number) {
    this.uses += 1;
    const use = `${this.nodeId}.${this.uses}`;
    const [allowed, retryAfterMs] = (await this.run('takeToken', key, limit, Math.ceil(windowMs), use)) as [
      number,
      string,
    ];
    return { allowed: allowed === 1, retryAfterMs: Number(retryAfterMs) };
  }

  async post(to: NodeId, letter: Letter): Promise<Written<boolean>> {
    const code = letter.kind === 'fault' ? letter.code : '';
    const reply = await this.run('post', to, letter.kind, letter.id, letter.text, code);
    return reply === 'not-member' ? reply : reply === 1;
  }

  publish(topic: string, text: string): Promise<Written<'done'>> {
    return this.run('publish', topic, text) as Promise<Written<'done'>>;
  }

  async health() {
    try {
      await within(this.settings.timeoutMs, this.connections.commands.ping());
      return { ok: true };
    } catch (error) {
      return { ok: false, because: error instanceof Error ? error.message : String(error) };
    }
  }

  async leave(): Promise<void> {
    await within(this.settings.timeoutMs, this.run('leave', this.settings.orphanMs));
  }

  async close(): Promise<void> {
    if (!this.over) this.end('closed');
  }
}
