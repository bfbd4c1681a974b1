// Opening a recording with a private key: one age file, or what a crash left of one (docs/decisions/0010).
// The result is one Ogg Opus stream. Pure, and without Node: pages open recordings with it, and so does the command line.
// Does not know where the sealed bytes come from, nor what happens with what it made of them.

import { Decrypter } from 'age-encryption';
import { joinBytes } from '../shared/bytes.ts';
import { AppError, asError } from '../shared/errors.ts';
import { ageHeaderBytes, payloadNonceBytes, sealedChunkBytes } from './age-format.ts';
import {
  createOggOpusWriter,
  type OggOpusStream,
  readOggOpus,
  silentPacket,
  silentPacketMs,
} from './container/ogg-opus.ts';
import { frameMs, inputRateHz } from './container/opus-format.ts';

/** A longer gap between two parts is a clock that was set, not a call. */
const maxGapMs = 6 * 3_600_000;

/** What there is of one recording, sealed. */
export interface SealedParts {
  /** `…/r_….opus.age` alone, or its parts and tails besides; any order. */
  names: readonly string[];
  read(name: string): Promise<Uint8Array>;
}

export interface OpenedRecording {
  ogg: Uint8Array<ArrayBuffer>;
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

/** Fails with `forbidden` when the identities do not open it, with `not-found` when nothing of it can be read. */
export async function openParts({ names, read }: SealedParts, identities: Decrypter): Promise<OpenedRecording> {
  const notes: string[] = [];
  const generations = [...new Set(names.map((name) => name.slice(0, name.indexOf('.opus.age'))))].sort(byGeneration);
  const [only] = names;
  if (names.length === 1 && only?.endsWith('.opus.age') && !/\.g\d+\.opus\.age$/.test(only)) {
    const ogg = await decryptAny(identities, await read(only), notes);
    const stream = readOggOpus(ogg);
    if (stream?.ended && stream.lostBytes === 0)
      return { ogg: joinBytes([ogg]), state: 'complete', durationMs: Number(stream.samples48k / 48n), notes };
    notes.push('What is in the file is damaged; what could be read was put together anew.');
  }
  const streams: OggOpusStream[] = [];
  for (const generation of generations) {
    const stream = readOggOpus(await openGeneration({ read, identities, generation, names, notes }));
    if (stream) streams.push(stream);
    else notes.push(`Nothing could be read of ${generation}.`);
  }
  if (streams.length === 0) throw new AppError('not-found', `Nothing of it could be read. ${notes.join(' ')}`);
  return { ...joinStreams(streams), state: 'interrupted', notes };
}

function byGeneration(left: string, right: string): number {
  const number = (name: string) => Number(/\.g(\d+)$/.exec(name)?.[1] ?? 0);
  return number(left) - number(right);
}

async function openGeneration(options: {
  read: SealedParts['read'];
  identities: Decrypter;
  generation: string;
  names: readonly string[];
  notes: string[];
}): Promise<Uint8Array> {
  const { read, identities, generation, names, notes } = options;
  const whole = `${generation}.opus.age`;
  if (names.includes(whole)) return decryptAny(identities, await read(whole), notes);
  let plaintext = new Uint8Array(0);
  if (names.includes(`${whole}.part`))
    plaintext = joinBytes([await decryptPart(identities, await read(`${whole}.part`))]);
  const tails = names.filter((candidate) => candidate.startsWith(`${whole}.tail-`));
  for (const name of tails.sort()) {
    try {
      const tail = await decryptWhole(identities, await read(name));
      // Tails overlap the part when the process died between writing a chunk and removing what it covers.
      const known = plaintext.length - Number(name.slice(name.lastIndexOf('-') + 1));
      if (known < tail.length) plaintext = joinBytes([plaintext, tail.subarray(Math.max(0, known))]);
    } catch (thrown) {
      if (thrown instanceof AppError) throw thrown;
      notes.push(`${name} is incomplete: ${asError(thrown).message}.`);
    }
  }
  return plaintext;
}

/** A finished file that was harmed afterwards still gives its whole chunks. */
async function decryptAny(identities: Decrypter, sealed: Uint8Array, notes: string[]): Promise<Uint8Array> {
  try {
    return await decryptWhole(identities, sealed);
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
async function decryptPart(identities: Decrypter, sealed: Uint8Array): Promise<Uint8Array> {
  if (sealed.length === 0) return sealed;
  const complete = await decryptWhole(identities, sealed).catch((thrown) => {
    if (thrown instanceof AppError) throw thrown;
    return undefined; // It was not finished, as expected.
  });
  if (complete) return complete;
  // A chunk counts as an inner one only when something follows it: with one byte more, the last whole chunk comes out.
  const header = ageHeaderBytes(sealed);
  const payload = header === undefined ? 1 : sealed.length - header - payloadNonceBytes;
  const follows = payload % sealedChunkBytes === 0 ? [new Uint8Array(1)] : [];
  const chunks: Uint8Array[] = [];
  try {
    const source = new Blob([joinBytes([sealed, ...follows])]).stream() as ReadableStream<Uint8Array>;
    const reader = (await identities.decrypt(source)).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
  } catch {
    return joinBytes(chunks); // The end is missing: that is why we are here.
  }
  return joinBytes(chunks);
}

/** One stream out of the parts that several processes made, each at its place in time; what is missing is silence. */
function joinStreams(streams: OggOpusStream[]): { ogg: Uint8Array<ArrayBuffer>; durationMs: number } {
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
  return { ogg: joinBytes(pages.filter((page) => page !== undefined)), durationMs: Math.round(endMs) };
}
