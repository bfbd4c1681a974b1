// What a person does at the desk, as requests to the server. What goes wrong is told in words, once.

import type { CallView, DeskView, PlaceCall, PlaceTestCall } from '../../../src/api/contract.ts';
import { ApiProblem } from '../api/client.ts';
import type { DeskParts } from './desk-model.ts';
import { createTalkCommands, type TalkCommands } from './talk/talk-commands.ts';

export type NotReadyReason = 'break' | 'lunch' | 'meeting' | 'training' | 'paperwork' | 'after-shift';
export const notReadyReasons: readonly NotReadyReason[] = [
  'break',
  'lunch',
  'meeting',
  'training',
  'paperwork',
  'after-shift',
];

export interface DeskCommands {
  setState(state: 'available' | 'not-ready' | 'offline', because?: string): Promise<void>;
  answer(callId: string): Promise<void>;
  /** The softphone is asked to answer this call; it may have been told to before. */
  ringing(callId: string): void;
  decline(callId: string): Promise<void>;
  setMuted(callId: string, muted: boolean): Promise<void>;
  pauseRecording(callId: string, paused: boolean): Promise<void>;
  hold(callId: string): Promise<void>;
  resume(callId: string): Promise<void>;
  hangUp(callId: string): Promise<void>;
  sendDigits(callId: string, digits: string): Promise<void>;
  talk: TalkCommands;
  reattach(callId: string): Promise<void>;
  dial(to: PlaceCall['to'], presentedNumber?: string): Promise<boolean>;
  /** A simulated customer, whose digits at the menu lead to a reason. */
  placeTestCall(digits: string): Promise<void>;
  refreshRecent(): Promise<void>;
  /** Puts a fault into the notice line. */
  explain(thrown: unknown): void;
}

const recentCalls = 8;

export function createCommands({ api, store, engine, see, tell }: DeskParts): DeskCommands {
  /** Answer was pressed before the softphone was asked to. */
  let answerWanted: string | undefined;

  function explain(thrown: unknown): void {
    tell({ kind: 'refused', refused: thrown instanceof ApiProblem ? thrown.code : 'page-fault' });
  }

  async function attempt(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      if (store.get().notice?.kind === 'refused') store.set({ notice: undefined });
      return true;
    } catch (thrown) {
      explain(thrown);
      return false;
    }
  }

  const command = (callId: string, name: string, body?: unknown) =>
    attempt(() =>
      body === undefined
        ? api.command(`/calls/${callId}/commands/${name}`)
        : api.post(`/calls/${callId}/commands/${name}`, body),
    );

  async function refreshRecent(): Promise<void> {
    try {
      store.set({ recent: (await api.get<{ items: CallView[] }>(`/calls?limit=${recentCalls}`)).items });
    } catch (thrown) {
      // A list that is not there says so itself; it is no reason to interrupt anybody.
      if (thrown instanceof ApiProblem) store.set({ recent: store.get().recent ?? [] });
    }
  }

  return {
    explain,
    refreshRecent,
    async setState(state, because) {
      await attempt(async () =>
        see(await api.put<DeskView>('/desk/state', { state, ...(because ? { because } : {}) })),
      );
    },
    async answer(callId) {
      if (engine()?.callId === callId) await engine()?.answer();
      else answerWanted = callId;
    },
    ringing(callId) {
      if (answerWanted === callId) void engine()?.answer();
      answerWanted = undefined;
    },
    async decline(callId) {
      await command(callId, 'reject');
    },
    async setMuted(callId, muted) {
      // At once, here, whatever the network does; the snapshot that follows confirms it or takes it back.
      engine()?.setMuted(muted);
      if (!(await command(callId, muted ? 'mute' : 'unmute')))
        engine()?.setMuted(store.get().view?.call?.muted ?? false);
    },
    async pauseRecording(callId, paused) {
      await command(callId, paused ? 'pause-recording' : 'resume-recording');
    },
    async hold(callId) {
      await command(callId, 'hold');
    },
    async resume(callId) {
      await command(callId, 'resume');
    },
    async hangUp(callId) {
      await command(callId, 'hangup');
    },
    async sendDigits(callId, digits) {
      await command(callId, 'digits', { digits });
    },
    talk: createTalkCommands(api, attempt),
    async reattach(callId) {
      try {
        await api.post(`/calls/${callId}/commands/attach`);
      } catch (thrown) {
        // It is tried again as long as the audio is missing; the page says so meanwhile.
        if (thrown instanceof ApiProblem && thrown.status !== 409 && thrown.status !== 404) explain(thrown);
      }
    },
    dial: (to, presentedNumber) =>
      attempt(() => api.post('/calls', { to, ...(presentedNumber ? { presentedNumber } : {}) } satisfies PlaceCall)),
    async placeTestCall(digits) {
      await attempt(() => api.post('/test-calls', { digits } satisfies PlaceTestCall));
    },
  };
}
