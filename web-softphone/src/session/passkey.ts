// Asking the browser for a passkey. Loaded when one is used: nothing of it is in the bundle that everybody loads.

import { browserSupportsWebAuthn, startAuthentication, startRegistration } from '@simplewebauthn/browser';

export const passkeysSupported = (): boolean => browserSupportsWebAuthn();

/** `options` as the API gave them. Rejects when the person thinks better of it, or there is none. */
export const answerPasskey = (options: object): Promise<object> =>
  startAuthentication({ optionsJSON: options as Parameters<typeof startAuthentication>[0]['optionsJSON'] });

export const createPasskey = (options: object): Promise<object> =>
  startRegistration({ optionsJSON: options as Parameters<typeof startRegistration>[0]['optionsJSON'] });

/** What to call a passkey of this computer until somebody finds a better name. */
export function nameOfThisComputer(): string {
  const agent = navigator.userAgent;
  const system = (['Windows', 'Android', 'iPhone', 'iPad', 'Mac', 'Linux'] as const).find((one) => agent.includes(one));
  const browser = (['Edg', 'Firefox', 'Chrome', 'Safari'] as const).find((one) => agent.includes(one));
  return [system, browser === 'Edg' ? 'Edge' : browser].filter(Boolean).join(' ') || 'Browser';
}
