// Opening a recording with a private key: one age file, or what a crash left of one (docs/decisions/0010).
// The result is one Ogg Opus stream. Plaintext stays in memory; writing it anywhere is the caller's decision.
// Used by the command line and by whoever plays recordings; the server that records has no private key.

import { Decrypter } from 'age-encryption';
import { AppError, asError } from '../shared/errors.ts';
import {
  createOggOpusWriter,
  type OggOpusStream,
  readOggOpus,
  silentPacket,
  silentPacketMs,
} from './container/ogg-opus.ts';
import { frameMs, inputRateHz } from './container/opus-encoder.ts';
import { sealedChunkBytes } from './sealing.ts';
import { type RecordingStorage, recordingName } from './storage.ts';

/** A longer gap between two parts is a clock that was set, not a call. */
const maxGapMs = 6 * 3_600_000;

export interface OpenedRecording {
  ogg: Buffer;
  /** `complete`: one age file, unharmed. `interrupted`: put together from parts. */
  state: 'complete' | 'interrupted';
  durationMs: number;
  /** What could not be used, in sentences. */
  notes: string[];
}

export function createIdentities(texts: readonly string[]): Decrypter {
  const decrypter = new Decrypter();
  for (const text of texts) {
    try {
      decrypter.addIdentity(text);
    } catch (cause) {
      throw new AppError('invalid-argument', 'An identity must be an age private key (AGE-SECRET-KEY-…).', { cause });
    }
  }
  return decrypter;
}

export async function openRecording(options: {
  storage: RecordingStorage;
  recordingId: string;
  identities: Decrypter;
}): Promise<OpenedRecording> {
  const { storage, recordingId, identities } = options;
  const base = recordingName(recordingId);
  const names = (await storage.list(`${base}.`)).filter((name) => name.includes('.opus.age'));
  if (names.length === 0) throw new AppError('not-found', `There is no recording ${recordingId} in this folder.`);
  const notes: string[] = [];
  const generations = [...new Set(names.map((name) => name.slice(0, name.indexOf('.opus.age'))))].sort(byGeneration);
  if (generations.length === 1 && names.length === 1 && names[0] === `${base}.opus.age`) {
    const ogg = await decryptAny(identities, await storage.read(names[0]), notes);
    const stream = readOggOpus(ogg);
    if (stream?.ended && stream.lostBytes === 0) {
      return { ogg, state: 'complete', durationMs: Number(stream.samples48k / 48n), notes };
    }
    notes.push('What is in the file is damaged; what could be read was put together anew.');
  }
  const streams: OggOpusStream[] = [];
  for (const generation of generations) {
    const plaintext = await openGeneration({ storage, identities, generation, names, notes });
    const stream = readOggOpus(plaintext);
    if (stream) streams.push(stream);
    else notes.push(`Nothing could be read of ${generation}.`);
  }
  if (streams.length === 0) {
    throw new AppError('not-found', `Nothing of recording ${recordingId} could be read. ${notes.join(' ')}`);
  }
  const { ogg, durationMs } = joinStreams(streams);
  return { ogg, state: 'interrupted', durationMs, notes };
}

function byGeneration(left: string, right: string): number {
  const number = (name: string) => Number(/\.g(\d+)$/.exec(name)?.[1] ?? 0);
  return number(left) - number(right);
}

async function openGeneration(options: {
  storage: RecordingStorage;
  identities: Decrypter;
  generation: string;
  names: string[];
  notes: string[];
}): Promise<Buffer> {
  const { storage, identities, generation, names, notes } = options;
  const whole = `${generation}.opus.age`;
  if (names.includes(whole)) return decryptAny(identities, await storage.read(whole), notes);
  let plaintext: Buffer = Buffer.alloc(0);
  if (names.includes(`${whole}.part`)) plaintext = await decryptPart(identities, await storage.read(`${whole}.part`));
  for (const name of names.filter((candidate) => candidate.startsWith(`${whole}.tail-`))) {
    try {
      const tail = await decryptWhole(identities, await storage.read(name));
      // Tails overlap the part when the process died between writing a chunk and removing what it covers.
      const known = plaintext.length - Number(name.slice(name.lastIndexOf('-') + 1));
      if (known < tail.length) plaintext = Buffer.concat([plaintext, tail.subarray(Math.max(0, known))]);
    } catch (thrown) {
      if (thrown instanceof AppError) throw thrown;
      notes.push(`${name} is incomplete: ${asError(thrown).message}.`);
    }
  }
  return plaintext;
}

/** A finished file that was harmed afterwards still gives its whole chunks. */
async function decryptAny(identities: Decrypter, sealed: Buffer, notes: string[]): Promise<Buffer> {
  try {
    return Buffer.from(await decryptWhole(identities, sealed));
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    const harmed = 'The file was cut off or changed after it was finished.';
    if (!notes.includes(harmed)) notes.push(harmed);
    return decryptPart(identities, sealed);
  }
}

async function decryptWhole(identities: Decrypter, sealed: Uint8Array): Promise<Uint8Array> {
  try {
    return await identities.decrypt(sealed);
  } catch (thrown) {
    if (/no identity matched/.test(asError(thrown).message)) {
      throw new AppError('forbidden', 'This identity does not open the recording: it was sealed to other recipients.');
    }
    throw thrown;
  }
}

/** All whole chunks of an age file that was not finished. */
async function decryptPart(identities: Decrypter, sealed: Buffer): Promise<Buffer> {
  if (sealed.length === 0) return sealed;
  const complete = await decryptWhole(identities, sealed).catch((thrown) => {
    if (thrown instanceof AppError) throw thrown;
    return undefined; // It was not finished, as expected.
  });
  if (complete) return Buffer.from(complete);
  // A chunk counts as an inner one only when something follows it: with one byte more, the last whole chunk comes out.
  const header = headerBytes(sealed);
  const follows = (sealed.length - header) % sealedChunkBytes === 0 ? [Buffer.alloc(1)] : [];
  const chunks: Uint8Array[] = [];
  try {
    const source = new Blob([sealed, ...follows]).stream() as ReadableStream<Uint8Array>;
    const reader = (await identities.decrypt(source)).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
  } catch {
    return Buffer.concat(chunks); // The end is missing: that is why we are here.
  }
  return Buffer.concat(chunks);
}

/** The age header ends with its MAC line; 16 bytes of nonce follow. */
function headerBytes(sealed: Buffer): number {
  const mac = sealed.indexOf('\n--- ', 0, 'latin1');
  return mac < 0 ? 0 : sealed.indexOf('\n', mac + 1, 'latin1') + 1 + 16;
}

/** One stream out of the parts that several processes made, each at its place in time; what is missing is silence. */
function joinStreams(streams: OggOpusStream[]): { ogg: Buffer; durationMs: number } {
  const [first] = streams as [OggOpusStream];
  const writer = createOggOpusWriter({
    head: { ...first.head, inputRateHz },
    comments: first.comments,
    serial: 1,
    packetsPerPage: 40,
  });
  const pages: (Uint8Array | undefined)[] = writer.headers();
  let atMs = 0;
  let endMs = 0;
  for (const stream of streams) {
    const toldMs = Number(stream.comments['ENGAWA_OFFSET_MS'] ?? 0);
    const beginMs = toldMs - atMs < maxGapMs ? toldMs : atMs;
    for (; atMs + silentPacketMs <= beginMs; atMs += silentPacketMs)
      pages.push(writer.add(silentPacket, silentPacketMs));
    for (const packet of stream.packets) pages.push(writer.add(packet, frameMs));
    endMs = atMs + Number(stream.samples48k) / 48;
    atMs += stream.packets.length * frameMs;
  }
  pages.push(...writer.finish(BigInt(Math.round(endMs * 48))));
  return { ogg: Buffer.concat(pages.filter((page) => page !== undefined)), durationMs: Math.round(endMs) };
}
