// Questions between nodes: each question waits for its one answer, for its time, or for its node's end.
// Does not carry the letters; the wire does.

import type { Clock } from '../../shared/clock.ts';
import { AppError, asError, type ErrorCode, errorCodes } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { fromText, toText } from './text.ts';
import type { Letter, Written } from './wire.ts';

export type AskedHandler = (question: unknown, from: NodeId) => Promise<unknown>;

export interface Asking {
  ask(to: NodeId, question: unknown, timeoutMs: number): Promise<unknown>;
  onAsked(handler: AskedHandler): void;
  receive(letter: Letter): void;
  /** What was asked of that node is answered no more. */
  nodeGone(nodeId: NodeId): void;
  close(): void;
}

interface Waiting {
  to: NodeId;
  settle(answer: unknown): void;
  fail(error: AppError): void;
}

export function createAsking(needs: {
  clock: Clock;
  nodeId: NodeId;
  newId: () => string;
  /** What could not be sent; the asker's time-out tells the other side. */
  onFault: (error: unknown) => void;
  post: (to: NodeId, letter: Letter) => Promise<Written<boolean>>;
}): Asking {
  const { clock, nodeId, post } = needs;
  const waiting = new Map<string, Waiting>();
  let handler: AskedHandler | undefined;

  const unreachable = (to: NodeId, because: string) =>
    new AppError('node-unreachable', `Node ${to} ${because}. Try again, or ask another node.`, { details: { to } });

  function ask(to: NodeId, question: unknown, timeoutMs: number): Promise<unknown> {
    const id = needs.newId();
    const text = toText(question, 'A question');
    return new Promise((resolve, reject) => {
      const timer = clock.after(timeoutMs, () => entry.fail(unreachable(to, `did not answer within ${timeoutMs} ms`)));
      const end = () => {
        timer.cancel();
        waiting.delete(id);
      };
      const entry: Waiting = {
        to,
        settle: (answer) => {
          end();
          resolve(answer);
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      waiting.set(id, entry);
      post(to, { kind: 'question', id, from: nodeId, text }).then(
        (there) => {
          if (there !== true) entry.fail(unreachable(to, 'is not there'));
        },
        (error: unknown) => entry.fail(error instanceof AppError ? error : unreachable(to, asError(error).message)),
      );
    });
  }

  async function answer({ id, from, text }: Letter): Promise<void> {
    const reply = await answerTo(text, from)
      .then((value): Letter => ({ kind: 'answer', id, from: nodeId, text: toText(value ?? null, 'An answer') }))
      .catch((thrown: unknown): Letter => {
        const code = thrown instanceof AppError ? thrown.code : 'internal';
        return { kind: 'fault', id, from: nodeId, code, text: asError(thrown).message };
      });
    await post(from, reply);
  }

  async function answerTo(text: string, from: NodeId): Promise<unknown> {
    if (!handler) throw new AppError('node-unreachable', `Node ${nodeId} answers no questions yet.`);
    return handler(fromText(text), from);
  }

  return {
    ask,
    onAsked(given) {
      if (handler)
        throw new AppError('conflict', 'Questions of other nodes are answered already; one handler is enough.');
      handler = given;
    },
    receive(letter) {
      if (letter.kind === 'question') {
        answer(letter).catch(needs.onFault);
        return;
      }
      const asked = waiting.get(letter.id);
      if (!asked) return;
      if (letter.kind === 'fault') {
        asked.fail(new AppError(knownCode(letter.code), letter.text, { details: { from: letter.from } }));
      } else asked.settle(fromText(letter.text));
    },
    nodeGone(gone) {
      for (const asked of [...waiting.values()]) if (asked.to === gone) asked.fail(unreachable(gone, 'is gone'));
    },
    close() {
      for (const asked of [...waiting.values()]) {
        asked.fail(new AppError('shutting-down', 'This node is leaving.'));
      }
    },
  };
}

const knownCode = (code: string): ErrorCode => errorCodes.find((each) => each === code) ?? 'internal';
