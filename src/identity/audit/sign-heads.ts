// Signs the head of the audit log from time to time, after having looked through what came since the last signature. A log that
// does not hold is not signed any more: the last signed head then says how far it was good.
// The webhook gets the newest head; one that it did not take is sent again, or the next instead.

import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { SendGuarded } from '../../shared/http/guarded-request.ts';
import type { Logger } from '../../shared/logger.ts';
import type { AuditLog } from '../../store/audit/audit-log.ts';
import type { AuditRecord } from '../../store/audit/chain.ts';
import { type HeadLine, type SignedHead, type SigningKey, signHead, trustKeys } from './heads.ts';
import type { SigningFiles } from './signing-files.ts';
import { type AuditProblem, verifyAudit } from './verify.ts';

export interface HeadSigner {
  /** Signs the newest entry, unless that was the last one signed. Rejects while the database is away. */
  sign(): Promise<SignedHead | undefined>;
  /** Looks through everything against the heads of this node's file. */
  verify(): ReturnType<typeof verifyAudit>;
  state(): ChainState;
  /** The key to sign with now, and the lines that say whose it is. */
  signing(): { key: SigningKey; keys: HeadLine[] };
  /** Signs a last time. */
  close(): Promise<void>;
}

export interface ChainState {
  publicKey: string;
  headsFile: string;
  lastSigned: SignedHead | undefined;
  /** What was found the last time something was looked through; then nothing is signed. */
  broken: AuditProblem | undefined;
}

export interface HeadWebhook {
  url: string;
  headers: Readonly<Record<string, string>>;
  send: SendGuarded;
}

export interface HeadSignerNeeds {
  clock: Clock;
  log: Logger;
  rows: Pick<AuditLog, 'head' | 'read'>;
  files: SigningFiles;
  everyMs: number;
  webhook?: HeadWebhook;
}

const retry = { firstMs: 1000, mostMs: 5 * 60_000 };

export function createHeadSigner({ clock, log, rows, files, everyMs, webhook }: HeadSignerNeeds): HeadSigner {
  let lastSigned = files.lines().findLast((line): line is SignedHead => line.kind === 'head');
  let broken: AuditProblem | undefined;
  let chainId: string | undefined;
  let working: Promise<unknown> = Promise.resolve();
  const deliver = webhook && createDelivery({ clock, log, webhook });

  async function signNow(): Promise<SignedHead | undefined> {
    const head = await rows.head();
    if (!head || (head.seq === lastSigned?.seq && head.hash === lastSigned.hash)) return undefined;
    const from = lastSigned ? lastSigned.seq - 1 : 0;
    const look = await verifyAudit(recordsFrom(rows, from), {
      partial: from > 0,
      heads: lastSigned ? [lastSigned] : [],
    });
    const cut = lastSigned && look.last < lastSigned.seq;
    broken = look.problems[0] ?? (cut ? cutAfter(look.last) : undefined);
    if (broken) {
      log.fatal({ seq: broken.seq, kind: broken.kind }, 'the audit log was changed in the database: it is not signed');
      return undefined;
    }
    chainId ??= (await rows.read({ after: 0, limit: 1 }))[0]!.hash;
    const { last: seq, lastHash: hash } = look;
    lastSigned = signHead({ chain: chainId, seq, hash, at: clock.now() }, files.key());
    files.append(lastSigned);
    deliver?.(lastSigned);
    return lastSigned;
  }

  /** One after the other. */
  function sign(): Promise<SignedHead | undefined> {
    const next = working.then(signNow, signNow);
    working = next.catch(() => undefined);
    return next;
  }

  const timer = clock.every(everyMs, () => {
    sign().catch((thrown) => log.warn({ err: asError(thrown) }, 'the head of the audit log could not be signed yet'));
  });

  return {
    sign,
    async verify() {
      const lines = files.lines();
      const found = await verifyAudit(recordsFrom(rows, 0), { heads: lines, keys: trustKeys(firstKeys(files)) });
      broken = found.problems[0];
      return found;
    },
    state: () => ({ publicKey: files.key().publicKey, headsFile: files.headsFile, lastSigned, broken }),
    signing: () => ({ key: files.key(), keys: files.lines().filter(({ kind }) => kind === 'key') }),
    async close() {
      timer.cancel();
      await sign().catch((thrown) =>
        log.warn({ err: asError(thrown) }, 'the last head of the audit log is not signed'),
      );
    },
  };
}

/** The key that the file begins with; on this machine it is as good as the file. */
function firstKeys(files: SigningFiles): string[] {
  const first = files.lines().find((line) => line.kind === 'key');
  return first?.kind === 'key' ? [first.publicKey] : [files.key().publicKey];
}

const cutAfter = (last: number): AuditProblem => ({
  ...{ kind: 'missing', seq: last + 1 },
  sentence: `What came after entry ${last} is missing.`,
});

/** All entries after this one, page by page. */
export async function* recordsFrom(
  rows: Pick<AuditLog, 'read'>,
  after: number,
  upTo = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<AuditRecord> {
  for (;;) {
    const page = await rows.read({ after, upTo });
    yield* page;
    if (page.length === 0) return;
    after = page.at(-1)!.seq;
  }
}

function createDelivery({ clock, log, webhook }: { clock: Clock; log: Logger; webhook: HeadWebhook }) {
  let newest: SignedHead | undefined;
  let sending = false;

  async function send(delayMs: number): Promise<void> {
    const head = newest!;
    const { url, headers } = webhook;
    const answer = await webhook.send({
      ...{ url, method: 'POST', timeoutMs: 10_000, maxResponseBytes: 64 * 1024 },
      headers: {
        'content-type': 'application/json',
        'idempotency-key': `${head.chain.slice(0, 16)}-${head.seq}`,
        ...headers,
      },
      body: JSON.stringify(head),
    });
    const taken = answer.kind === 'answered' && answer.status >= 200 && answer.status < 300;
    if (taken && newest === head) {
      sending = false;
      return;
    }
    if (taken) return send(retry.firstMs);
    const because = answer.kind === 'failed' ? answer.because : `status ${answer.status}`;
    log.warn({ because, seq: head.seq }, 'a signed head of the audit log was not taken, it is sent again');
    clock.after(delayMs, () => void send(Math.min(delayMs * 2, retry.mostMs)));
  }

  return (head: SignedHead): void => {
    newest = head;
    if (sending) return;
    sending = true;
    void send(retry.firstMs);
  };
}
