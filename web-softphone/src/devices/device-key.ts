// The key of this computer: ECDSA P-256, made by the browser so that it cannot be read out (WebCrypto, not extractable), kept in
// IndexedDB. It signs what the server asks it to. Nothing else is kept: no name, no person, no call.

import type { DeviceChallenge, OwnDevice } from '../../../src/api/contracts/device.ts';
import { type Api, ApiProblem } from '../api/client.ts';

interface Kept {
  /** Absent until the server has heard of it. */
  id?: string;
  keys: CryptoKeyPair;
}

const database = 'engawa-device';
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** False where the page did not come over TLS: browsers keep keys for secure contexts only. */
export const canHaveKey = (): boolean => window.isSecureContext && 'indexedDB' in window;

/** Proves this computer to the server; false: it has no key, or the server does not know it. */
export async function proveDevice(api: Api): Promise<boolean> {
  const kept = canHaveKey() ? await read() : undefined;
  if (!kept?.id) return false;
  try {
    const { challenge, sessionId } = await api.post<DeviceChallenge>('/session/device/challenge');
    const signature = await sign(kept.keys, sessionId, kept.id, challenge);
    await api.post('/session/device/proof', { deviceId: kept.id, challenge, signature });
    return true;
  } catch (thrown) {
    if (thrown instanceof ApiProblem && thrown.status === 403) return false;
    throw thrown;
  }
}

/** Asks for this computer to be let in; with a code it is at once. */
export async function enrolDevice(api: Api, name: string, code: string | undefined): Promise<OwnDevice> {
  const kept = (await read()) ?? { keys: await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']) };
  const { challenge, sessionId } = await api.post<DeviceChallenge>('/session/device/challenge');
  const { x, y } = await crypto.subtle.exportKey('jwk', kept.keys.publicKey);
  const signature = await sign(kept.keys, sessionId, 'new', challenge);
  const own = await api.post<OwnDevice>('/session/device/enrolment', {
    publicKey: { kty: 'EC', crv: 'P-256', x, y },
    ...{ name, challenge, signature },
    ...(code ? { code } : {}),
  });
  if (own.device) await write({ keys: kept.keys, id: own.device.id });
  return own;
}

/** The same bytes as src/identity/devices/device-key.ts. */
async function sign(keys: CryptoKeyPair, sessionId: string, deviceId: string, challenge: string): Promise<string> {
  const text = new TextEncoder().encode(`engawa device proof 1\n${sessionId}\n${deviceId}\n${challenge}`);
  const bytes = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.privateKey, text));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(database, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

async function read(): Promise<Kept | undefined> {
  return inStore('readonly', (store) => store.get('own') as IDBRequest<Kept | undefined>);
}

async function write(kept: Kept): Promise<void> {
  await inStore('readwrite', (store) => store.put(kept, 'own'));
}

async function inStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = work(db.transaction('keys', mode).objectStore('keys'));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    db.close();
  }
}
