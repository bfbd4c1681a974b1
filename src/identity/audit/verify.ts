// Looks through the audit log, or an export of it, for what was changed, removed, inserted or moved. Pure: whoever asks brings the
// entries in their order, and the signed heads.
//
// The chain alone shows every change that was not followed by writing all later hashes anew, and not a tail that was cut off:
// both show against heads that were signed and kept elsewhere.

import { type AuditRecord, commitmentTo, contentHash, linkHash, nothingBefore } from '../../store/audit/chain.ts';
import type { HeadLine, SignedHead, TrustedKeys } from './heads.ts';

/** Of an export: an entry that is not told, by the hash of its content. */
export interface SkippedRecord {
  seq: number;
  content: string;
}

export interface AuditProblem {
  kind: 'changed' | 'moved' | 'missing' | 'unlinked' | 'details' | 'order' | 'head' | 'signature';
  /** The entry; the first of several. */
  seq: number;
  /** The last of several. */
  upTo?: number;
  id?: string;
  sentence: string;
}

export interface Verification {
  entries: number;
  first: number;
  last: number;
  lastHash: string;
  /** Signed heads that agree with the entries, and the newest of them. */
  headsAgreed: number;
  newestHead?: SignedHead;
  /** Entries whose details were deleted, as an entry says. */
  forgotten: number;
  problems: AuditProblem[];
  /** There are more than are listed. */
  more: boolean;
}

export interface VerifyOptions {
  /** An export may begin and end anywhere, and leave out the content of entries. */
  partial?: boolean;
  heads?: readonly HeadLine[];
  keys?: TrustedKeys;
}

const mostProblems = 100;
/** How far an entry that is at another place is looked for. */
const lookAround = 64;

export async function verifyAudit(
  records: AsyncIterable<AuditRecord | SkippedRecord> | Iterable<AuditRecord | SkippedRecord>,
  { partial = false, heads = [], keys }: VerifyOptions = {},
): Promise<Verification> {
  const problems: AuditProblem[] = [];
  let more = false;
  const tell = (problem: AuditProblem) => {
    if (problems.length < mostProblems) problems.push(problem);
    else more = true;
  };
  const checkHeads = headChecker(believed(heads, keys, tell), tell);
  const forgetting = forgettingChecker(tell);
  let entries = 0;
  let first = 0;
  let at = partial ? undefined : { seq: 0, hash: nothingBefore };

  for await (const record of records) {
    const { seq } = record;
    if (entries++ === 0) first = seq;
    // An export that begins in the middle is believed where it begins; a signed head later on settles it.
    at ??= { seq: seq - 1, hash: 'previous' in record ? record.previous : '' };
    if (seq <= at.seq) {
      tell({ kind: 'order', seq, sentence: `Entry ${seq} comes after entry ${at.seq}.` });
      continue;
    }
    if (seq > at.seq + 1) tell(missing(at.seq + 1, seq - 1));
    const hash = checkLink(record, at, tell);
    forgetting.see(record);
    checkHeads.at(seq, hash);
    at = { seq, hash };
  }
  const last = at?.seq ?? 0;
  checkHeads.end(last, partial);
  const forgotten = forgetting.end();
  const { agreed, newest } = checkHeads;
  return {
    ...{ entries, first, last, lastHash: at?.hash ?? nothingBefore, headsAgreed: agreed() },
    ...(newest() ? { newestHead: newest()! } : {}),
    ...{ forgotten, problems, more },
  };
}

type Tell = (problem: AuditProblem) => void;

function missing(from: number, upTo: number): AuditProblem {
  if (from === upTo) return { kind: 'missing', seq: from, sentence: `Entry ${from} is missing.` };
  return { kind: 'missing', seq: from, upTo, sentence: `Entries ${from} to ${upTo} are missing.` };
}

/** The hash that the next entry must name. */
function checkLink(record: AuditRecord | SkippedRecord, before: { seq: number; hash: string }, tell: Tell): string {
  const { seq } = record;
  if ('content' in record) return linkHash(record.content, before.hash);
  const { id, act, at, previous, hash, details, salt, detailsHash } = record;
  const named = `Entry ${seq} (${id}, ${act}, ${new Date(at).toISOString()})`;
  if (hash !== linkHash(contentHash(record), previous)) {
    const was = placeBefore(record);
    if (was !== undefined)
      tell({
        kind: 'moved',
        seq,
        id,
        sentence: `${named} was entry ${was}: entries were removed, inserted or reordered.`,
      });
    else tell({ kind: 'changed', seq, id, sentence: `${named} was changed: it is not what its hash was made of.` });
  } else if (previous !== before.hash && before.seq === seq - 1)
    tell({
      ...{ kind: 'unlinked', seq, id },
      sentence: `${named} does not follow entry ${before.seq}: one of the two was replaced, inserted or moved.`,
    });
  if (details !== null && (salt === null || commitmentTo(details, salt) !== detailsHash))
    tell({ kind: 'details', seq, id, sentence: `${named}: where from, by which browser or why was changed.` });
  return hash;
}

/** The number that an entry had when its hash was made. */
function placeBefore(record: AuditRecord): number | undefined {
  for (let by = 1; by <= lookAround; by++)
    for (const seq of [record.seq + by, record.seq - by])
      if (record.hash === linkHash(contentHash({ ...record, seq }), record.previous)) return seq;
  return undefined;
}

/** Details may be gone only where a later entry says that they were deleted, of this person. */
function forgettingChecker(tell: Tell): { see(record: AuditRecord | SkippedRecord): void; end(): number } {
  const without: { seq: number; id: string; personId: string | undefined }[] = [];
  const forgottenUpTo = new Map<string, number>();
  return {
    see(record) {
      if ('content' in record) return;
      const { seq, id, act, target, personId, details } = record;
      if (act === 'details-forgotten' && target?.kind === 'person') forgottenUpTo.set(target.id, seq);
      if (details === null) without.push({ seq, id, personId });
    },
    end() {
      for (const { seq, id, personId } of without) {
        if (personId !== undefined && (forgottenUpTo.get(personId) ?? 0) > seq) continue;
        tell({
          kind: 'details',
          seq,
          id,
          sentence: `Entry ${seq} (${id}): its details were removed, and no entry says why.`,
        });
      }
      return without.length;
    },
  };
}

function believed(lines: readonly HeadLine[], keys: TrustedKeys | undefined, tell: Tell): SignedHead[] {
  const heads: SignedHead[] = [];
  for (const line of lines) {
    if (keys && !keys.accepts(line)) {
      const seq = line.kind === 'head' ? line.seq : 0;
      const what = line.kind === 'head' ? `The signed head of entry ${line.seq}` : `The signing key ${line.key}`;
      tell({ kind: 'signature', seq, sentence: `${what} was not signed by a key that is believed, or was changed.` });
    } else if (line.kind === 'head') heads.push(line);
  }
  return heads.sort((a, b) => a.seq - b.seq);
}

function headChecker(heads: readonly SignedHead[], tell: Tell) {
  let next = 0;
  let agreedUpTo = 0;
  let agreed = 0;
  let newest: SignedHead | undefined;
  const when = ({ at }: SignedHead) => new Date(at).toISOString();

  function compare(head: SignedHead, hash: string): void {
    if (head.hash === hash) {
      agreed += 1;
      agreedUpTo = head.seq;
      newest = head;
      return;
    }
    const from = agreedUpTo + 1;
    const which = from === head.seq ? `Entry ${from} was` : `One or more of the entries ${from} to ${head.seq} were`;
    tell({
      ...{ kind: 'head', seq: from, upTo: head.seq },
      sentence: `${which} written anew: the head signed at ${when(head)} has another hash for entry ${head.seq}.`,
    });
  }

  return {
    at(seq: number, hash: string): void {
      while (next < heads.length && heads[next]!.seq < seq) next += 1;
      while (next < heads.length && heads[next]!.seq === seq) compare(heads[next++]!, hash);
    },
    /** What was signed beyond the end was there, and is not any more. */
    end(last: number, partial: boolean): void {
      const head = heads.at(-1);
      if (partial || !head || head.seq <= last) return;
      const cut = missing(last + 1, head.seq);
      tell({ ...cut, sentence: `${cut.sentence} They were there at ${when(head)}, as a signed head says.` });
    },
    agreed: () => agreed,
    newest: () => newest,
  };
}
