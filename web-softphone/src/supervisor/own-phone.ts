// The softphone of a supervisor who has no desk: registered from the first time somebody is listened to until the wallboard closes.
// It answers the PBX by itself; who hears whom is the server's.

import type { SoftphoneSettings } from '../../../src/api/contract.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { type KeptIce, keepIce } from '../phone/kept-ice.ts';
import type { PhoneEngine } from '../phone/phone-engine.ts';
import { onTick } from '../state/ticks.ts';

export interface OwnPhone {
  /** Resolves when it can be rung; rejects with ApiProblem when it cannot be in time. */
  ready(): Promise<void>;
  stop(): void;
}

const registeredWithinMs = 10_000;
const browsersDefault = { microphoneId: undefined, speakerId: undefined };

export function createOwnPhone(api: Api): OwnPhone {
  let engine: PhoneEngine | undefined;
  let ice: KeptIce | undefined;
  let stopTicks = () => {};
  let starting: Promise<void> | undefined;

  async function start(): Promise<void> {
    const settings = await api.get<SoftphoneSettings>('/desk/softphone');
    const { createSipJsEngine } = await import('../phone/sip-js-engine.ts');
    ice = keepIce(api, settings);
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const made = createSipJsEngine({
      ...settings,
      ice: ice.current,
      webSocketUrl: `${scheme}://${location.host}${settings.webSocketPath}`,
    });
    engine = made;
    stopTicks = onTick(() => {
      made.check();
      ice?.check();
    });
    await made.start(browsersDefault);
    await registered(made);
  }

  return {
    async ready() {
      if (engine?.state === 'registered') return;
      starting ??= start().finally(() => {
        starting = undefined;
      });
      await starting;
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
