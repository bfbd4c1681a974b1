// What a tab keeps over a reload: that a shift is going on in it, and its headset. Nothing of any call or person.

import type { PhoneDevices } from './phone-engine.ts';

const key = 'engawa.shift';

export function keepShift(devices: PhoneDevices): void {
  sessionStorage.setItem(key, JSON.stringify(devices));
}

export function forgetShift(): void {
  sessionStorage.removeItem(key);
}

export function keptShift(): PhoneDevices | undefined {
  const kept = sessionStorage.getItem(key);
  if (kept === null) return undefined;
  try {
    const { microphoneId, speakerId } = JSON.parse(kept) as Partial<PhoneDevices>;
    return { microphoneId, speakerId };
  } catch {
    // Not ours, or from another version: as if there were none.
    return undefined;
  }
}
