import t from 'tap';
import type { CallState } from '../call-state.ts';
import { causesOf, type PauseSettings } from './recording-pause.ts';

const all: PauseSettings = { during: ['secret-digits', 'hold', 'consultation', 'waiting'], for: [], byHand: true };

function callThat(has: Partial<CallState> = {}): CallState {
  const quiet = { causes: [], byHand: false, keying: false };
  return { phase: 'talking', heldSince: null, queue: 'orders', pause: quiet, ...has } as CallState;
}

t.test('a conversation is not paused; each of what the company names pauses it', async (t) => {
  t.same(causesOf(callThat(), all), []);
  t.same(causesOf(callThat({ heldSince: 5 }), all), ['hold']);
  t.same(causesOf(callThat({ phase: 'queued' as CallState['phase'] }), all), ['waiting']);
  t.same(causesOf(callThat({ consultation: {} as CallState['consultation'], heldSince: 1 }), all), [
    'hold',
    'consultation',
  ]);
  t.same(causesOf(callThat({ pause: { causes: [], byHand: true, keying: true } }), all), ['secret-digits', 'by-hand']);
  t.same(causesOf(callThat({ heldSince: 5 }), { ...all, during: [] }), [], 'what is not named does not');
});

t.test('by queue, reason and class; what is not known counts as the strictest class', async (t) => {
  const reason = (piiClass: string) => ({ id: 'pay', piiClass }) as CallState['reason'];
  const of = (which: PauseSettings['for'][number], has: Partial<CallState>) =>
    causesOf(callThat(has), { during: [], for: [which], byHand: true });
  t.same(of({ reasons: ['pay'] }, { reason: reason('none') }), ['policy']);
  t.same(of({ reasons: ['other'] }, { reason: reason('none') }), []);
  t.same(of({ classes: ['sensitive'] }, { reason: reason('sensitive') }), ['policy']);
  t.same(of({ classes: ['sensitive'] }, { reason: reason('none') }), []);
  t.same(of({ classes: ['sensitive'] }, {}), ['policy']);
  t.same(of({ classes: ['sensitive'] }, { reason: reason('none'), raisedClass: 'unknown' }), ['policy']);
  t.same(of({ queues: ['orders'], reasons: ['pay'] }, { reason: reason('none') }), ['policy']);
  t.same(of({ queues: ['claims'], reasons: ['pay'] }, { reason: reason('none') }), []);
});
