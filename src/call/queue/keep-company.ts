// What a caller hears who waits in a queue: music, and from time to time comfort words, the place in the line and the time that it
// may still take. Nothing is said while an agent is rung for the call: the next thing to be heard is a person.

import type { PlaySource } from '../../media/endpoint.ts';
import type { FlowAction, Language, Say } from '../../routing/flow/flow.ts';
import { type CallState, type Centre, isOver } from '../call-state.ts';
import { tell } from '../parts.ts';
import { waitWords } from './wait-words.ts';

type QueueAction = Extract<FlowAction, { kind: 'queue' }>;

export interface CompanyNeeds {
  action: Pick<QueueAction, 'comfort' | 'comfortEverySeconds' | 'announce' | 'music'>;
  language: Language;
  source: (say: Say) => PlaySource;
}

/** Time for an agent to be found before anything is told. */
const firstAnnouncedAfterMs = 1500;

export function keepCompany(centre: Centre, call: CallState, needs: CompanyNeeds): { end(): void } {
  const { clock } = centre.parts;
  const { comfort, comfortEverySeconds, announce } = needs.action;
  const music = musicOf(needs);
  let speaking = false;
  let ended = false;
  const waits = () => !ended && call.phase === 'queued' && !isOver(call);

  function play(): void {
    call.music?.stop();
    call.music = call.customer?.endpoint.play(music, { loop: true });
  }
  async function say(words: Say | undefined): Promise<void> {
    if (!words || speaking || !waits() || call.rung.size > 0 || !call.customer) return;
    speaking = true;
    await call.customer.endpoint.play(needs.source(words)).finished;
    speaking = false;
    if (waits()) play();
  }
  function tellWait(): void {
    if (!announce || speaking || !waits() || call.rung.size > 0) return;
    const { acd } = centre.acd;
    const position = announce.position ? acd.position(call.id) : undefined;
    const expectedWaitMs = announce.estimatedWait ? acd.estimateWaitMs(call.id) : undefined;
    const words = waitWords({ position, expectedWaitMs });
    if (!words || call.queue === null) return;
    tell(centre.parts, {
      type: 'wait-announced',
      callId: call.id,
      queue: call.queue,
      position: position ?? null,
      expectedWaitMs: expectedWaitMs ?? null,
    });
    void say(words);
  }

  play();
  const timers = [
    ...(comfort ? [clock.every(comfortEverySeconds * 1000, () => void say(comfort))] : []),
    ...(announce
      ? [clock.after(firstAnnouncedAfterMs, tellWait), clock.every(announce.everySeconds * 1000, tellWait)]
      : []),
  ];
  return {
    end() {
      ended = true;
      for (const timer of timers) timer.cancel();
    },
  };
}

/** A recording of the company's own, or the music of the house. */
function musicOf({ action, language }: CompanyNeeds): PlaySource {
  return action.music === null ? { kind: 'music' } : { kind: 'prompt', name: action.music, language };
}
