// The softphone of a supervisor who has no desk: registered from the first time somebody is listened to until the wallboard closes.
// It answers the PBX by itself; who hears whom is the server's.

import type { SoftphoneSettings } from '../../../src/api/contract.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { type KeptIce, keepIce } from '../phone/kept-ice.ts';
import type { PhoneDevices, PhoneEngine } from '../phone/phone-engine.ts';
import { ticketedAddress } from '../phone/ticketed-address.ts';
import { onTick } from '../state/ticks.ts';

export interface OwnPhone {
  /** Resolves when it can be rung; rejects with ApiProblem when it cannot be in time. */
  ready(): Promise<PhoneEngine>;
  stop(): void;
}

const registeredWithinMs = 10_000;
const browsersDefault = { microphoneId: undefined, speakerId: undefined };

export function createOwnPhone(api: Api, devices: PhoneDevices = browsersDefault): OwnPhone {
  let engine: PhoneEngine | undefined;
  let ice: KeptIce | undefined;
  let stopTicks = () => {};
  let starting: Promise<PhoneEngine> | undefined;

  async function start(): Promise<PhoneEngine> {
    const settings = await api.get<SoftphoneSettings>('/desk/softphone');
    const { createSipJsEngine } = await import('../phone/sip-js-engine.ts');
    ice = keepIce(api, settings);
    const made = createSipJsEngine({
      ...settings,
      ice: ice.current,
      webSocketUrl: ticketedAddress(api, settings),
    });
    engine = made;
    stopTicks = onTick(() => {
      made.check();
      ice?.check();
    });
    await made.start(devices);
    await registered(made);
    return made;
  }

  return {
    async ready() {
      if (engine?.state === 'registered') return engine;
      starting ??= start().finally(() => {
        starting = undefined;
      });
      return starting;
    },
    stop() {
      stopTicks();
      ice?.stop();
      void engine?.stop();
      engine = undefined;
    },
  };
}

function registered(engine: PhoneEngine): Promise<void> {
  return new Promise((resolve, reject) => {
    if (engine.state === 'registered') return resolve();
    const late = setTimeout(() => {
      off();
      reject(new ApiProblem(0, 'softphone-away', 'the softphone did not register in time'));
    }, registeredWithinMs);
    const off = engine.on('state', (state) => {
      if (state !== 'registered') return;
      clearTimeout(late);
      off();
      resolve();
    });
  });
}
