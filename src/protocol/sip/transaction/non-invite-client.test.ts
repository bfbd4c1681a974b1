import t from 'tap';
import { playMachine, timesOf } from '../../../../test/support/media/play-machine.ts';
import { type NonInviteClientInput, newNonInviteClient, stepNonInviteClient } from './non-invite-client.ts';
import { defaultSipTimers } from './timers.ts';

function play(reliable: boolean, script: [number, NonInviteClientInput][], untilMs: number): string[] {
  return playMachine(stepNonInviteClient, newNonInviteClient({ timers: defaultSipTimers, reliable }), script, untilMs);
}

const start: [number, NonInviteClientInput] = [0, { kind: 'start' }];
const response = (at: number, status: number): [number, NonInviteClientInput] => [at, { kind: 'response', status }];

t.test('timer E doubles up to T2 and timer F gives up after 64·T1', async (t) => {
  const done = play(false, [start], 100_000);
  t.same(timesOf(done, 'send request'), [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
  t.same(done.slice(-2), ['32000 timeout', '32000 terminated']);
});

t.test('in proceeding the request goes out every T2, and timer F still counts', async (t) => {
  const done = play(false, [start, response(100, 100)], 100_000);
  t.same(timesOf(done, 'send request'), [0, 500, 4500, 8500, 12500, 16500, 20500, 24500, 28500]);
  t.same(done.slice(-2), ['32000 timeout', '32000 terminated']);
});

t.test('the final response is told once and timer K absorbs its copies', async (t) => {
  t.same(play(false, [start, response(100, 200), response(150, 200), response(6000, 200)], 100_000), [
    '0 send request',
    '100 response',
    '5100 terminated',
  ]);
});

t.test('over TCP nothing is retransmitted and nothing lingers', async (t) => {
  t.same(play(true, [start, response(3000, 404)], 100_000), ['0 send request', '3000 response', '3000 terminated']);
  t.same(play(true, [start], 100_000), ['0 send request', '32000 timeout', '32000 terminated']);
});

t.test('a failed transport is told, but not after the answer', async (t) => {
  t.same(play(false, [start, [7, { kind: 'transport-failed' }]], 100).slice(1), ['7 transport', '7 terminated']);
  t.same(play(false, [start, response(5, 200), [7, { kind: 'transport-failed' }]], 100).slice(2), ['7 terminated']);
});
