import t from 'tap';
import { playMachine } from '../../../../test/support/media/play-machine.ts';
import { type NonInviteServerInput, newNonInviteServer, stepNonInviteServer } from './non-invite-server.ts';
import { defaultSipTimers } from './timers.ts';

function play(reliable: boolean, script: [number, NonInviteServerInput][], untilMs: number): string[] {
  return playMachine(stepNonInviteServer, newNonInviteServer({ timers: defaultSipTimers, reliable }), script, untilMs);
}

const start: [number, NonInviteServerInput] = [0, { kind: 'start' }];
const again = (at: number): [number, NonInviteServerInput] => [at, { kind: 'retransmission' }];
const respond = (at: number, status: number): [number, NonInviteServerInput] => [at, { kind: 'respond', status }];

t.test('copies of the request are absorbed until there is an answer to repeat', async (t) => {
  t.same(play(false, [start, again(500), respond(600, 200), again(1500), respond(1600, 500), again(40_000)], 100_000), [
    '600 send new',
    '600 done',
    '1500 send last',
    '32600 terminated',
  ]);
});

t.test('a provisional response is repeated too', async (t) => {
  t.same(play(false, [start, respond(10, 183), again(500), respond(600, 200)], 1000), [
    '10 send new',
    '500 send last',
    '600 send new',
    '600 done',
  ]);
});

t.test('over TCP the answer ends it (timer J is zero)', async (t) => {
  t.same(play(true, [start, respond(10, 200), again(20)], 100_000), ['10 send new', '10 done', '10 terminated']);
});

t.test('a user that never answers loses the transaction when the client has given up', async (t) => {
  t.same(play(false, [start, again(500)], 100_000), ['32000 timeout', '32000 terminated']);
});

t.test('a failed transport is told before the answer and not after it', async (t) => {
  const failed: NonInviteServerInput = { kind: 'transport-failed' };
  t.same(play(false, [start, [5, failed], respond(6, 200)], 100), ['5 transport', '5 terminated']);
  t.same(play(false, [start, respond(5, 200), [6, failed]], 100).slice(2), ['6 terminated']);
});
