// A softphone for the moment, before there is one of the shift: for measuring the line. It answers by itself, as every softphone does
// that the PBX calls with a purpose.

import type { Api } from '../api/client.ts';
import type { Devices } from '../phone/devices.ts';
import type { PhoneEngine } from '../phone/phone-engine.ts';
import { createOwnPhone } from '../supervisor/own-phone.ts';

export function lendPhone(api: Api, devices: Devices): { ready: Promise<PhoneEngine>; stop(): void } {
  const phone = createOwnPhone(api, devices.store.get().chosen);
  return { ready: phone.ready(), stop: phone.stop };
}
