// To whom besides the company's own recipients a recording is sealed when it begins: the approved keys of everybody who may hear
// it by the rules. Kept in memory, because a conversation does not wait for the database; read again when a key or a person
// changes, here or on another node, and every now and then.
// What was recorded before a key was approved is sealed to it by rotation (docs/playback.md).

import type { Clock, Timer } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { ListeningKeys } from '../../store/listening-keys.ts';
import type { People, Person } from '../../store/records.ts';
import { type HearAbout, type HearRule, mayHear } from './may-hear.ts';

const anywayEveryMs = 60_000;

export interface Listeners {
  /** Public keys; those of the last time that the database answered. */
  recipientsFor(about: HearAbout): string[];
  toCall(about: Omit<HearAbout, 'kind'>): string[];
  /** Left in this mailbox. */
  toMessage(about: { mailbox: string; reason: string | null }): string[];
  /** Who has which key now. Rejects when the database does not say. */
  read(): Promise<void>;
  /** Something changed. Never rejects: what cannot be read now is read later. */
  refresh(): Promise<void>;
  start(): Promise<void>;
  close(): void;
}

export function createListeners(needs: {
  clock: Clock;
  log: Logger;
  keys: Pick<ListeningKeys, 'list'>;
  people: Pick<People, 'byId'>;
  rules: readonly HearRule[];
  mailboxes: readonly { name: string; queue: string }[];
  /** Whether it lies within what the person is limited to. */
  covers(person: Person, about: HearAbout): boolean;
}): Listeners {
  const { clock, log, keys, people, rules, mailboxes, covers } = needs;
  let known: { recipient: string; person: Person }[] = [];
  let reading: Promise<void> | undefined;
  let readAgain = false;
  let anyway: Timer | undefined;

  async function read(): Promise<void> {
    const inForce = await keys.list({ inForce: true });
    const found = await Promise.all(
      inForce.map(async ({ recipient, personId }) => ({ recipient, person: await people.byId(personId) })),
    );
    known = found.flatMap(({ recipient, person }) => (person ? [{ recipient, person }] : []));
  }

  async function refresh(): Promise<void> {
    if (reading) {
      readAgain = true;
      return reading;
    }
    reading = (async () => {
      do {
        readAgain = false;
        await read();
      } while (readAgain);
    })()
      .catch((thrown) => log.warn({ err: asError(thrown) }, 'who may hear recordings could not be read; as before'))
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  const recipientsFor = (about: HearAbout) =>
    known
      .filter(({ person }) => mayHear(rules, person, about) && covers(person, about))
      .map(({ recipient }) => recipient);

  return {
    recipientsFor,
    toCall: (about) => recipientsFor({ kind: 'call', ...about }),
    toMessage({ mailbox, reason }) {
      const queue = mailboxes.find(({ name }) => name === mailbox)?.queue ?? null;
      return recipientsFor({ kind: 'message', queue, reason, personIds: [] });
    },
    read,
    refresh,
    async start() {
      anyway ??= clock.every(anywayEveryMs, () => void refresh());
      await refresh();
    },
    close() {
      anyway?.cancel();
    },
  };
}
