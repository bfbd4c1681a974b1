// The private half of a listening key, in this page's memory only: from a key file, or from what the server keeps sealed so that
// the person's passkey alone opens it (age's WebAuthn recipients: a secret of the passkey's PRF, which the browser gives to nobody
// but this site after asking the person). The server has neither.

import type { NewListeningKey, OwnListeningKey } from '../../../src/api/contracts/playback.ts';

const age = () => import('age-encryption');

/** Asks for the passkey twice: once to make it, once to seal a new key under it. */
export async function makeKeyUnderPasskey(options: {
  name: string;
  keyName: string;
  postQuantum: boolean;
}): Promise<NewListeningKey> {
  const { webauthn, generateHybridIdentity, generateX25519Identity, identityToRecipient, Encrypter } = await age();
  const credential = await webauthn.createCredential({ keyName: options.keyName });
  const identity = await (options.postQuantum ? generateHybridIdentity() : generateX25519Identity());
  const encrypter = new Encrypter();
  encrypter.addRecipient(new webauthn.WebAuthnRecipient({ identity: credential }));
  const sealed = await encrypter.encrypt(identity);
  return {
    name: options.name,
    kind: 'passkey',
    recipient: await identityToRecipient(identity),
    sealedIdentity: toBase64(sealed),
    credential,
  };
}

/** Asks for the passkey. */
export async function unlockWithPasskey({ sealedIdentity, credential }: OwnListeningKey): Promise<string[]> {
  if (sealedIdentity === null || credential === null) throw new Error('this key has no passkey');
  const { webauthn, Decrypter } = await age();
  const decrypter = new Decrypter();
  decrypter.addIdentity(new webauthn.WebAuthnIdentity({ identity: credential }));
  return [await decrypter.decrypt(fromBase64(sealedIdentity), 'text')];
}

/** Empty: there is no private key in it. */
export async function identitiesOfFile(file: File): Promise<string[]> {
  if (file.size > 64 * 1024) return [];
  return (await file.text()).split(/\r?\n/).flatMap((line) => {
    const identity = line.trim();
    return /^AGE-SECRET-KEY-[A-Z0-9-]+$/.test(identity) ? [identity] : [];
  });
}

/** The public half, to be registered: the private one stays where it is. */
export async function recipientOf(identity: string): Promise<string> {
  return (await age()).identityToRecipient(identity);
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
