// A device as a browser has one: a key of its own, which signs what the server asks it to. Over REST, with the headers of who is
// signed in.

import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { type DevicePublicKey, type Signed, textToSign } from '../../../src/identity/devices/device-key.ts';
import type { DeviceId, SessionId } from '../../../src/shared/ids.ts';

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of any route
  body: any;
  headers: Record<string, unknown>;
}

export type Rest = (method: string, path: string, body?: unknown) => Promise<Answer>;

export function createSoftwareDevice() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' }) as JsonWebKey & { x: string; y: string };
  const key: DevicePublicKey = { kty: 'EC', crv: 'P-256', x, y };
  let id: DeviceId | undefined;

  async function challenge(rest: Rest): Promise<{ challenge: string; sessionId: SessionId }> {
    const asked = await rest('POST', '/session/device/challenge');
    if (asked.status !== 201) throw new Error(`challenge: ${asked.status} ${JSON.stringify(asked.body)}`);
    return asked.body;
  }

  return {
    key,
    privateKey,
    get id() {
      return id;
    },
    challenge,
    /** Asks to be let in. */
    async enrol(
      rest: Rest,
      { code, name = 'A test computer' }: { code?: string; name?: string } = {},
    ): Promise<Answer> {
      const asked = await challenge(rest);
      const signature = signed(privateKey, { ...asked, deviceId: 'new' });
      const body = { publicKey: key, name, challenge: asked.challenge, signature, ...(code ? { code } : {}) };
      const answer = await rest('POST', '/session/device/enrolment', body);
      id = answer.body?.device?.id ?? id;
      return answer;
    },
    /** Proves itself; `change` for what an attacker would send. */
    async prove(rest: Rest, change: { challenge?: string; sessionId?: SessionId } = {}): Promise<Answer> {
      const asked = { ...(await challenge(rest)), ...change };
      const deviceId = id ?? ('d_none' as DeviceId);
      const signature = signed(privateKey, { ...asked, deviceId });
      return rest('POST', '/session/device/proof', { deviceId, challenge: asked.challenge, signature });
    },
  };
}

export function signed(privateKey: KeyObject, what: Signed): string {
  const bytes = sign('sha256', Buffer.from(textToSign(what)), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return bytes.toString('base64url');
}
