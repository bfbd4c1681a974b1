import t from 'tap';
import { playMachine, timesOf } from '../../../../test/support/media/play-machine.ts';
import { type InviteServerInput, newInviteServer, stepInviteServer } from './invite-server.ts';
import { defaultSipTimers } from './timers.ts';

function play(reliable: boolean, script: [number, InviteServerInput][], untilMs: number): string[] {
  return playMachine(stepInviteServer, newInviteServer({ timers: defaultSipTimers, reliable }), script, untilMs);
}

const start: [number, InviteServerInput] = [0, { kind: 'start' }];
const again = (at: number): [number, InviteServerInput] => [at, { kind: 'retransmission' }];
const respond = (at: number, status: number): [number, InviteServerInput] => [at, { kind: 'respond', status }];

t.test('100 goes out after 200 ms when the user says nothing, and not when it does', async (t) => {
  t.same(play(false, [start], 100_000), ['200 send trying']);
  t.same(play(false, [start, respond(150, 180)], 100_000), ['150 send new']);
});

t.test('a retransmitted INVITE gets the last provisional response, or 100 when there is none', async (t) => {
  t.same(play(false, [start, again(50), respond(100, 180), again(500)], 1000), [
    '50 send trying',
    '100 send new',
    '500 send last',
  ]);
});

t.test('a refusal is repeated by timer G up to T2 until timer H', async (t) => {
  const done = play(false, [start, respond(10, 486)], 100_000);
  t.same(timesOf(done, 'send last'), [510, 1510, 3510, 7510, 11510, 15510, 19510, 23510, 27510, 31510]);
  t.same(done.slice(-2), ['32010 timeout', '32010 terminated']);
});

t.test('over TCP a refusal is not repeated, but timer H still waits for the ACK', async (t) => {
  t.same(play(true, [start, respond(10, 486)], 100_000), ['10 send new', '32010 timeout', '32010 terminated']);
  t.same(play(true, [start, respond(10, 486), [20, { kind: 'ack' }]], 100_000), [
    '10 send new',
    '20 done',
    '20 terminated',
  ]);
});

t.test('the ACK ends the repetition and timer I absorbs its copies', async (t) => {
  const ack: InviteServerInput = { kind: 'ack' };
  t.same(play(false, [start, respond(10, 486), again(300), [600, ack], [700, ack], again(800)], 100_000), [
    '10 send new',
    '300 send last',
    '510 send last',
    '600 done',
    '5600 terminated',
  ]);
});

t.test('the 2xx is repeated up to T2 until its ACK, over every transport', async (t) => {
  for (const reliable of [false, true]) {
    const done = play(
      reliable,
      [start, respond(0, 200), [4000, { kind: 'ack-2xx' }], [5000, { kind: 'ack-2xx' }]],
      100_000,
    );
    t.same(timesOf(done, 'send last'), [500, 1500, 3500]);
    t.same(done.slice(-2), ['4000 done', '32000 terminated'], 'told once; timer L ends it');
  }
});

t.test('without an ACK to the 2xx the user is told after 64·T1', async (t) => {
  const done = play(false, [start, respond(0, 200)], 100_000);
  t.same(timesOf(done, 'send last'), [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
  t.same(done.slice(-2), ['32000 timeout', '32000 terminated']);
});

t.test('a retransmitted INVITE is absorbed once a 2xx was sent (RFC 6026 §7.1)', async (t) => {
  t.same(play(false, [start, respond(0, 200), again(100), again(200)], 400), ['0 send new']);
});

t.test('a 2xx that somebody else repeats is sent once each time it is given', async (t) => {
  const once: InviteServerInput = { kind: 'respond', status: 200, once: true };
  t.same(play(false, [start, [10, once], [510, once]], 100_000), [
    '10 send new',
    '10 done',
    '510 send new',
    '32010 terminated',
  ]);
});

t.test('what comes after a final response is ignored', async (t) => {
  t.same(play(false, [start, respond(10, 486), respond(20, 200), respond(30, 180)], 400), ['10 send new']);
  t.same(play(false, [start, respond(10, 200), respond(20, 486)], 400), ['10 send new']);
});

t.test('a failed transport is told unless all is said and acknowledged', async (t) => {
  const failed: InviteServerInput = { kind: 'transport-failed' };
  t.same(play(false, [start, [5, failed]], 100), ['5 transport', '5 terminated']);
  t.same(play(false, [start, respond(5, 200), [6, { kind: 'ack-2xx' }], [7, failed]], 100).slice(2), ['7 terminated']);
});
