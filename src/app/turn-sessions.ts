// What a session holds at the TURN servers ends with it. A credential is good for minutes, but coturn checks it when an allocation begins
// and never again: who keeps refreshing would keep it for ever. So when a session ends, coturn is told to cancel what carries its id, by
// its command line (`cli` of turnserver.conf), at once and again until the last credential of the session is over.
//
// The command line is plain text, and who has it has the TURN server: loopback or a private network, as for the other control ports.

import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { asError } from '../shared/errors.ts';
import type { SessionId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';

export interface TurnControl {
  host: string;
  port: number;
}

/** What config/coturn/start.sh makes of the shared secret, too; the secret cannot be had from it. */
export const turnControlPassword = (secret: string): string =>
  createHash('sha256').update(`engawa turn control:${secret}`).digest('hex');

/** coturn's ids of the sessions in what `psp` prints. */
export const turnSessionsIn = (printed: string): string[] =>
  [...printed.matchAll(/^\s+\d+\) id=(\d+), user </gm)].map(([, id]) => id!);

const withinMs = 5_000;
const againEveryMs = 30_000;
const prompt = '> ';

/** Cancels every allocation whose credential was made for `bearer`; how many there were. Rejects when the server cannot be talked to. */
export function cancelAllocations(server: TurnControl, password: string, bearer: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port });
    let heard = '';
    let state: 'greeting' | 'signing-in' | 'listing' | 'cancelling' = 'greeting';
    let left: string[] = [];
    let cancelled = 0;
    const late = setTimeout(() => socket.destroy(new Error(`no answer within ${withinMs / 1000} s`)), withinMs);
    socket.setEncoding('latin1');
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(late);
      reject(new Error(state === 'signing-in' ? 'the password is refused' : 'the connection was closed'));
    });
    const ask = (line: string) => {
      heard = '';
      socket.write(`${line}\r\n`);
    };
    function next(): void {
      const id = left.pop();
      if (id !== undefined) {
        cancelled++;
        return ask(`cs ${id}`);
      }
      resolve(cancelled);
      socket.end('quit\r\n');
    }
    socket.on('data', (chunk: string) => {
      heard += chunk;
      if (state === 'greeting' && heard.includes('Enter password:')) {
        state = 'signing-in';
        return ask(password);
      }
      // A wrong password is asked for again.
      if (state === 'signing-in' && heard.includes('Enter password:')) return void socket.destroy();
      if (state === 'greeting' || !heard.endsWith(prompt)) return;
      if (state === 'signing-in') {
        state = 'listing';
        return ask(`psp :${bearer}`);
      }
      if (state === 'listing') {
        state = 'cancelling';
        left = turnSessionsIn(heard);
      }
      next();
    });
  });
}

export function endTurnSessions(needs: {
  clock: Clock;
  log: Logger;
  closer: Closer;
  identity: { onSessionEnded(listener: (ended: { session: { id: SessionId } }) => void): () => void };
  /** HOST:PORT of their command lines. */
  servers: readonly string[];
  secret: string;
  credentialMinutes: number;
}): void {
  const { clock, log } = needs;
  const servers = needs.servers.map((at) => {
    const colon = at.lastIndexOf(':');
    return { host: at.slice(0, colon).replace(/[[\]]/g, ''), port: Number(at.slice(colon + 1)) };
  });
  const password = turnControlPassword(needs.secret);
  const pending = new Set<{ cancel(): void }>();

  async function cancel(server: TurnControl, sessionId: SessionId): Promise<void> {
    const where = `${server.host}:${server.port}`;
    try {
      const count = await cancelAllocations(server, password, sessionId);
      if (count > 0)
        log.info({ sessionId, turnServer: where, count }, 'a session ended: its TURN allocations are cancelled');
    } catch (thrown) {
      log.warn(
        { sessionId, turnServer: where, because: asError(thrown).message },
        'TURN allocations of an ended session go on',
      );
    }
  }

  function sweep(sessionId: SessionId, until: number): void {
    for (const server of servers) void cancel(server, sessionId);
    if (clock.now() >= until) return;
    const timer = clock.after(Math.min(againEveryMs, Math.max(1, until - clock.now())), () => {
      pending.delete(timer);
      sweep(sessionId, until);
    });
    pending.add(timer);
  }

  const off = needs.identity.onSessionEnded(({ session }) =>
    sweep(session.id, clock.now() + needs.credentialMinutes * 60_000),
  );
  needs.closer.add('TURN allocations of ended sessions', () => {
    off();
    for (const timer of pending) timer.cancel();
  });
}
