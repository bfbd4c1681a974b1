// Rotation: the header of each file is written anew for other recipients; payloads stay as they are. It takes a private key that
// opens the old header, so it runs where that key is, never in the server by itself. What is done is not done again: a rotation that
// was cut off goes on where it stopped.
//
// First the audit log is told what the seal will be, then the header is replaced, and only if it is still the one that was read.

import type { Decrypter } from 'age-encryption';
import { asError } from '../../shared/errors.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { RecordingAbout, RecordingFileRow, RecordingFiles, RecordingLives } from '../../store/recording-files.ts';
import { headerKeyOf, isHeaderUnder, sha256Hex, writeAgeHeader } from '../archive/age-header.ts';
import { sealOf } from '../archive/seal.ts';
import { checkOneKind } from '../recipients.ts';
import { wrapFor } from '../sealing.ts';
import type { Witness } from './recording-life.ts';

export interface RotationReport {
  /** Files whose header is another one now. */
  rewritten: number;
  /** Files that these recipients open already. */
  asWanted: number;
  /** Recordings that the private key does not open. */
  notOpened: RecordingId[];
  failed: string[];
}

export interface RotationNeeds<Actor> {
  files: RecordingFiles;
  lives: RecordingLives;
  witness: Witness<Actor>;
  by: Actor;
  purpose: string;
}

export interface Rotation {
  identities: Decrypter;
  /** Who shall open it from now on. */
  recipientsFor(about: RecordingAbout): string[] | Promise<string[]>;
  /** All there are unless told. */
  ids?: readonly RecordingId[];
  /** Write headers anew that are for the wanted recipients already, as after a key was lost and its file keys may be known. */
  evenIfSame?: boolean;
}

const pageSize = 200;

export async function rotateHeaders<Actor>(needs: RotationNeeds<Actor>, rotation: Rotation): Promise<RotationReport> {
  const report: RotationReport = { rewritten: 0, asWanted: 0, notOpened: [], failed: [] };
  for await (const about of recordingsOf(needs, rotation.ids)) {
    const { id } = about.row;
    try {
      await rotateOne(needs, rotation, about, report);
    } catch (thrown) {
      const { message } = asError(thrown);
      if (/no identity matched/.test(message)) report.notOpened.push(id);
      else report.failed.push(`${id}: ${message}`);
    }
  }
  return report;
}

async function* recordingsOf(
  { lives }: Pick<RotationNeeds<unknown>, 'lives'>,
  ids: readonly RecordingId[] | undefined,
): AsyncGenerator<RecordingAbout> {
  if (ids) return yield* await lives.about(ids);
  for (let after: RecordingId | undefined; ; ) {
    const page = await lives.finished({ endedBefore: Number.MAX_SAFE_INTEGER, after, limit: pageSize });
    yield* page;
    after = page.at(-1)?.row.id;
    if (page.length < pageSize) return;
  }
}

async function rotateOne<Actor>(
  needs: RotationNeeds<Actor>,
  { identities, recipientsFor, evenIfSame }: Rotation,
  about: RecordingAbout,
  report: RotationReport,
): Promise<void> {
  const { id } = about.row;
  const wanted = await recipientsFor(about);
  checkOneKind(wanted, `The recipients of ${id}`);
  let files = (await needs.files.ofRecording(id)).filter((file) => file.header !== null);
  for (const file of files) {
    if (!evenIfSame && sameSet(file.recipients, wanted)) {
      report.asWanted += 1;
      continue;
    }
    const rewritten = await rewrite(file, identities, wanted);
    const after = files.map((one) => (one === file ? { ...one, ...rewritten } : one));
    await needs.witness({
      act: 'recording-rotated',
      recordingId: id,
      by: needs.by,
      purpose: needs.purpose,
      details: {
        ...{ seal: sealOf(after), sealBefore: sealOf(files), recipients: wanted.length },
        ...{ headerSha256: rewritten.headerSha256, headerSha256Before: file.headerSha256 },
      },
    });
    if (!(await needs.files.replaceHeader(file, file, rewritten)))
      throw new Error('its header was changed or deleted meanwhile; run it again');
    files = after;
    report.rewritten += 1;
  }
}

async function rewrite(file: RecordingFileRow, identities: Decrypter, recipients: string[]) {
  const old = file.header!;
  const fileKey = await identities.decryptHeader(old);
  const header = writeAgeHeader(await wrapFor(recipients, fileKey), fileKey);
  if (!isHeaderUnder(header, headerKeyOf(fileKey))) throw new Error('the header that was written does not hold');
  return { header, headerBytes: header.length, headerSha256: sha256Hex(header), recipients };
}

const sameSet = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((one) => right.includes(one));
