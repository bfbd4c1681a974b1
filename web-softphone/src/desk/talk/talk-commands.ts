// What an agent does with a call besides talking: transfers, consultation, parking, steps, verification, another device, and the
// call list. Requests to the server; lists to choose from are fetched when they are needed.

import type { DeskCallList } from '../../../../src/api/contracts/call-list.ts';
import type { StepChoices, TransferTarget } from '../../../../src/api/contracts/talk.ts';
import type { Api } from '../../api/client.ts';

export type CallVerb = 'swap' | 'conference' | 'complete' | 'end-consultation' | 'park';
export type Device = 'browser' | 'telephone';

export interface Labelled {
  id: string;
  label: { ja: string; en: string };
}
export interface Colleague {
  personId: string;
  displayName: string;
  state: string;
}
export interface OutsidePlace {
  name: string;
  label: { ja: string; en: string };
}
export interface ReasonChoice extends Labelled {
  piiClass: string;
  /** It touches no personal information. */
  free: boolean;
}
export interface DeviceChoice {
  device: Device;
  telephone: { usable: boolean; allowed: boolean; masked: string | null };
}
export interface ListChoice {
  id: string;
  label: { ja: string; en: string };
  state: string;
  queue: string;
}
export type Judgement = 'done' | 'call-again' | 'answering-machine' | 'wrong-number' | 'do-not-call';

export interface TalkCommands {
  transferTo(callId: string, target: TransferTarget): Promise<boolean>;
  consult(callId: string, target: TransferTarget): Promise<boolean>;
  act(callId: string, verb: CallVerb): Promise<boolean>;
  handOver(
    callId: string,
    body: { reason: string; queue: string; verified: string[]; facts: Record<string, string> },
  ): Promise<boolean>;
  piiCameUp(callId: string): Promise<boolean>;
  verify(callId: string, factor: string, language: 'ja' | 'en'): Promise<boolean>;
  stopVerifying(callId: string): Promise<boolean>;
  moveTo(callId: string, to: Device): Promise<boolean>;
  chooseDevice(device: Device): Promise<boolean>;
  retrieve(slot: string): Promise<boolean>;
  /** The desk's list after a command to it; undefined when it was refused. */
  callList(
    verb: 'look' | 'next' | 'skip' | 'call' | { listId: string | null } | { disposition: Judgement; againAt?: number },
  ): Promise<DeskCallList | undefined>;
  colleagues(): Promise<Colleague[]>;
  places(): Promise<OutsidePlace[]>;
  steps(): Promise<StepChoices>;
  factors(): Promise<{ name: string; label: Labelled['label'] }[]>;
  reasons(): Promise<ReasonChoice[]>;
  device(): Promise<DeviceChoice>;
  lists(): Promise<ListChoice[]>;
}

export function createTalkCommands(api: Api, attempt: (act: () => Promise<unknown>) => Promise<boolean>): TalkCommands {
  const command = (callId: string, name: string, body?: unknown) =>
    attempt(() => api.post(`/calls/${callId}/${name}`, body));
  const items = async <T>(path: string): Promise<T[]> => (await api.get<{ items: T[] }>(path)).items;
  const listPath = '/desk/call-list';

  return {
    transferTo: (callId, target) => command(callId, 'commands/transfer', target),
    consult: (callId, target) => command(callId, 'commands/consult', target),
    act: (callId, verb) => command(callId, `commands/${verb}`),
    handOver: (callId, body) => command(callId, 'hand-over', body),
    piiCameUp: (callId) => command(callId, 'pii-came-up'),
    verify: (callId, factor, language) => command(callId, 'verification', { factor, language }),
    stopVerifying: (callId) => attempt(() => api.delete(`/calls/${callId}/verification`)),
    moveTo: (callId, to) => command(callId, 'move', { to }),
    chooseDevice: (device) => attempt(() => api.put('/desk/device', { device })),
    retrieve: (slot) => attempt(() => api.post(`/parked/${encodeURIComponent(slot)}/retrieve`)),
    async callList(verb) {
      let shown: DeskCallList | undefined;
      await attempt(async () => {
        if (verb === 'look') shown = await api.get<DeskCallList>(listPath);
        else if (verb === 'call') {
          await api.post(`${listPath}/call`);
          shown = await api.get<DeskCallList>(listPath);
        } else if (typeof verb === 'string') shown = await api.post<DeskCallList>(`${listPath}/${verb}`);
        else if ('listId' in verb) shown = await api.put<DeskCallList>(listPath, verb);
        else shown = await api.post<DeskCallList>(`${listPath}/outcome`, verb);
      });
      return shown;
    },
    colleagues: () => items('/colleagues'),
    places: () => items('/outside-places'),
    steps: () => api.get('/steps'),
    factors: () => items('/verification-factors'),
    reasons: () => items('/reasons'),
    device: () => api.get('/desk/device'),
    lists: () => items('/call-lists'),
  };
}
