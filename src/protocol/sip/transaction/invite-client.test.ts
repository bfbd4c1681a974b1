import t from 'tap';
import { playMachine } from '../../../../test/support/media/play-machine.ts';
import { type InviteClientInput, newInviteClient, stepInviteClient } from './invite-client.ts';
import { defaultSipTimers } from './timers.ts';

function play(reliable: boolean, script: [number, InviteClientInput][], untilMs: number): string[] {
  return playMachine(stepInviteClient, newInviteClient({ timers: defaultSipTimers, reliable }), script, untilMs);
}

const start: [number, InviteClientInput] = [0, { kind: 'start' }];
const response = (at: number, status: number): [number, InviteClientInput] => [at, { kind: 'response', status }];

t.test('timer A doubles without limit and timer B gives up after 64·T1 over UDP', async (t) => {
  t.same(play(false, [start], 100_000), [
    '0 send request',
    '500 send request',
    '1500 send request',
    '3500 send request',
    '7500 send request',
    '15500 send request',
    '31500 send request',
    '32000 timeout',
    '32000 terminated',
  ]);
});

t.test('over TCP nothing is retransmitted but timer B still gives up', async (t) => {
  t.same(play(true, [start], 100_000), ['0 send request', '32000 timeout', '32000 terminated']);
});

t.test('a provisional response stops retransmissions and the wait has no end', async (t) => {
  t.same(play(false, [start, response(100, 100), response(200, 180)], 1_000_000), [
    '0 send request',
    '100 response',
    '200 response',
  ]);
});

t.test('a refusal is acknowledged, each time it comes, until timer D', async (t) => {
  t.same(play(false, [start, response(100, 486), response(600, 486), response(40_000, 486)], 100_000), [
    '0 send request',
    '100 send ack',
    '100 response',
    '600 send ack',
    '32100 terminated',
  ]);
});

t.test('over TCP a refusal ends the transaction at once', async (t) => {
  t.same(play(true, [start, response(100, 404)], 100_000), [
    '0 send request',
    '100 send ack',
    '100 response',
    '100 terminated',
  ]);
});

t.test('every 2xx within timer M reaches the transaction user and is not acknowledged here (RFC 6026)', async (t) => {
  const script = [start, response(100, 200), response(600, 200), response(700, 180), response(32_200, 200)];
  t.same(play(false, script, 100_000), ['0 send request', '100 response', '600 response', '32100 terminated']);
});

t.test('after CANCEL the final response has 64·T1 to come', async (t) => {
  const script: [number, InviteClientInput][] = [start, response(100, 180), [1000, { kind: 'cancelled' }]];
  t.same(play(false, script, 100_000).slice(2), ['33000 timeout', '33000 terminated']);
  t.same(play(false, [...script, response(2000, 487)], 3000).slice(2), ['2000 send ack', '2000 response']);
  t.same(play(false, [...script, response(2000, 183)], 100_000).slice(3), ['33000 timeout', '33000 terminated']);
});

t.test('a failed transport is told once, and not when the answer is known', async (t) => {
  const failed = (at: number): [number, InviteClientInput] => [at, { kind: 'transport-failed' }];
  t.same(play(false, [start, failed(5), failed(6)], 100), ['0 send request', '5 transport', '5 terminated']);
  t.same(play(false, [start, response(5, 500), failed(6)], 100).slice(3), ['6 terminated']);
  t.same(play(false, [start, failed(5), response(6, 200)], 100).slice(3), []);
});
