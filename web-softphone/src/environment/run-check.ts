// One check before a shift from begin to result: the server calls this page's softphone, both count, and everything else that a
// browser can say is gathered meanwhile. Whatever fails on the way becomes a finding, not an error, as far as that is possible.

import type { IceSettings } from '../../../src/api/contract.ts';
import type {
  BegunCheck,
  DeskEnvironment,
  EnvironmentCheckView,
  EnvironmentClaimsBody,
} from '../../../src/api/contracts/environment.ts';
import type { Api } from '../api/client.ts';
import { watchLevel } from '../desk/microphone-test.tsx';
import type { Devices } from '../phone/devices.ts';
import type { PhoneEngine } from '../phone/phone-engine.ts';
import { batteryClaim, browserClaim, cameraClaim, networkClaim, permissionOf, screensClaim } from './browser-facts.ts';
import { sampleLine } from './line-samples.ts';
import { directReach, tryRelays } from './try-ways.ts';

export interface CheckNeeds {
  api: Api;
  devices: Devices;
  settings: DeskEnvironment;
  /** The softphone of this page, registered. */
  phone: () => Promise<PhoneEngine>;
  /** How far it is: from 0 to 1. `hearing`: music is playing. */
  progress(step: { share: number; hearing: boolean }): void;
  /** What the person says about the music; null: nothing yet. */
  heard(): boolean | null;
}

const calledWithinMs = 12_000;
const answerWithinMs = 15_000;
/** The server waits for the first packet and the last report; after this its word that the line ended does not come any more. */
const silentMs = 40_000;

export async function runCheck(needs: CheckNeeds): Promise<EnvironmentCheckView> {
  const { api, settings } = needs;
  needs.progress({ share: 0.02, hearing: false });
  const [phone, ice] = await Promise.all([needs.phone(), api.get<IceSettings>('/turn-credentials')]);
  const relays = tryRelays(settings.ways, ice);
  const microphone = await listenToMicrophone(needs.devices);
  try {
    const wantsCamera = settings.items.some(({ item, weight }) => item === 'camera' && weight !== 'off');
    const machine = Promise.all([
      browserClaim(),
      screensClaim(),
      batteryClaim(),
      wantsCamera ? cameraClaim() : Promise.resolve({}),
    ]);
    const begun = await api.post<BegunCheck>('/desk/environment/checks');
    const line = await measure(needs, phone, begun);
    needs.progress({ share: 0.95, hearing: false });
    await answerOf(needs);
    const [browser, screens, battery, camera] = await machine;
    const claims: EnvironmentClaimsBody = {
      ...line,
      reach: [...directReach(settings.ways, line.line), ...(await relays)],
      ...networkClaim(),
      microphone: await microphone.claim(),
      speaker: { played: line.line !== undefined, heard: needs.heard() },
      browser,
      ...screens,
      ...battery,
      ...camera,
    };
    return await api.put<EnvironmentCheckView>(`/desk/environment/checks/${begun.id}`, claims);
  } finally {
    microphone.stop();
  }
}

async function measure(
  { progress }: CheckNeeds,
  phone: PhoneEngine,
  { callId, seconds }: BegunCheck,
): Promise<Pick<EnvironmentClaimsBody, 'line' | 'lineProblem'>> {
  const connected = await connection(phone, callId);
  if (connected !== 'connected') return { lineProblem: connected };
  const line = await sampleLine(phone, { callId, withinMs: seconds * 1000 + silentMs }, (samples) =>
    progress({ share: Math.min(0.9, 0.08 + (0.82 * samples) / (seconds + 1)), hearing: true }),
  );
  return line.samples.length > 1 ? { line } : { lineProblem: 'not-connected' };
}

function connection(phone: PhoneEngine, callId: string): Promise<'connected' | 'microphone' | 'not-called'> {
  return new Promise((resolve) => {
    const settle = (outcome: 'connected' | 'microphone' | 'not-called') => {
      for (const off of offs) off();
      clearTimeout(late);
      resolve(outcome);
    };
    const late = setTimeout(() => settle('not-called'), calledWithinMs);
    const offs = [
      phone.on('connected', (event) => event.callId === callId && settle('connected')),
      phone.on('microphoneFailed', () => settle('microphone')),
    ];
    if (phone.carries(callId)) settle('connected');
  });
}

/** Who is asked about the music is given a moment to answer. */
async function answerOf({ settings, heard }: CheckNeeds): Promise<void> {
  const required = settings.items.some(({ item, weight }) => item === 'speaker' && weight === 'required');
  const until = Date.now() + (required ? answerWithinMs : 0);
  while (heard() === null && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 200));
}

/** The loudest moment; a track that the system has muted says so itself. */
async function listenToMicrophone(devices: Devices) {
  const stream = await devices.openMicrophone();
  const [track] = stream?.getAudioTracks() ?? [];
  let peak = 0;
  let muted = false;
  const stop = stream
    ? watchLevel(stream, (level) => {
        peak = Math.max(peak, level);
        muted ||= track?.muted === true;
      })
    : () => {};
  return {
    async claim(): Promise<NonNullable<EnvironmentClaimsBody['microphone']>> {
      const permission = stream ? 'granted' : await permissionOf('microphone');
      const peakDb = stream ? Math.max(-120, Math.round(200 * Math.log10(Math.max(peak, 1e-6))) / 10) : null;
      return { permission, peakDb, muted };
    },
    stop() {
      stop();
      for (const one of stream?.getTracks() ?? []) one.stop();
    },
  };
}
