// Sealing with age (age-encryption.org/v1, C2SP): to public keys only; nothing here can open what it made.
// `sealWhole` makes a complete age file of a few kilobytes, `createSealedStream` one that grows in chunks of 64 KiB.
// X25519 recipients are wrapped with Node's own X25519, a tenth of the cost of the package's JavaScript one: a recording
// makes a small age file every 0.5 s (docs/decisions/0010). All other recipient types go through the package as they are.

import {
  createCipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { bech32 } from '@scure/base';
import { Encrypter, type Recipient, Stanza } from 'age-encryption';
import { AppError } from '../shared/errors.ts';
import { chunkBytes, sealedChunkBytes, tagBytes } from './age-format.ts';

const x25519RecipientLength = 62;

export interface Sealer {
  sealWhole(plaintext: Uint8Array): Promise<Uint8Array>;
  createSealedStream(): Promise<SealedStream>;
}

export interface SealedStream {
  /** Takes plaintext; returns the sealed bytes that are final by now: the age header first, then whole chunks. */
  add(plaintext: Uint8Array): Promise<Uint8Array>;
  /** The last chunk. */
  end(): Promise<Uint8Array>;
  /** Plaintext bytes that the returned sealed bytes hold. */
  readonly coveredBytes: number;
}

/** Fails with a sentence when a recipient is not one; `what` is its subject. */
export function createSealer(recipients: readonly string[], what = 'A recording recipient'): Sealer {
  if (recipients.length === 0) {
    throw new AppError('config-invalid', 'Recording needs at least one recipient: a public key that begins with age1.');
  }
  const encrypter = new Encrypter();
  for (const text of recipients) addRecipient(encrypter, text.trim(), what);
  return { sealWhole: (plaintext) => encrypter.encrypt(plaintext), createSealedStream: () => sealedStream(encrypter) };
}

/**
 * Stanzas of a header that is written anew for other recipients, around the key that the file has. The package only makes them
 * around new keys, so its own list of recipients is asked; one that has no such list is refused.
 */
export async function wrapFor(recipients: readonly string[], fileKey: Uint8Array): Promise<Stanza[]> {
  const encrypter = new Encrypter();
  for (const text of recipients) addRecipient(encrypter, text.trim(), 'A recording recipient');
  const list = (encrypter as unknown as { recipients?: readonly Recipient[] }).recipients;
  if (!Array.isArray(list) || list.length !== recipients.length)
    throw new AppError(
      'internal',
      'This version of age-encryption does not say how it wraps keys: headers stay as they are.',
    );
  return (await Promise.all((list as Recipient[]).map((recipient) => recipient.wrapFileKey(fileKey)))).flat();
}

function addRecipient(encrypter: Encrypter, text: string, subject: string): void {
  try {
    encrypter.addRecipient(x25519Recipient(text) ?? text);
  } catch (cause) {
    const what = text.startsWith('AGE-SECRET-KEY') ? 'a private key was given' : `"${text.slice(0, 24)}" was given`;
    throw new AppError('config-invalid', `${subject} must be an age public key (age1…): ${what}.`, {
      cause,
    });
  }
}

/** The X25519 recipient of the age format, on node:crypto; undefined if `text` is a recipient of another type. */
function x25519Recipient(text: string): Recipient | undefined {
  if (text.length !== x25519RecipientLength) return undefined;
  const { prefix, bytes } = bech32.decodeToBytes(text);
  if (prefix !== 'age' || bytes.length !== 32) return undefined;
  const recipient = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: base64url(bytes) }, format: 'jwk' });
  return {
    wrapFileKey(fileKey) {
      const ephemeral = generateKeyPairSync('x25519');
      const share = rawPublicKey(ephemeral.publicKey);
      const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient });
      const salt = Buffer.concat([share, bytes]);
      const key = Buffer.from(hkdfSync('sha256', secret, salt, 'age-encryption.org/v1/X25519', 32));
      const cipher = createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: tagBytes });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [new Stanza(['X25519', share.toString('base64').replace(/=+$/, '')], body)];
    },
  };
}

function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url');
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** Drives the package's stream by hand: how many sealed bytes a plaintext of so many bytes gives is known beforehand. */
async function sealedStream(encrypter: Encrypter): Promise<SealedStream> {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const plain = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  const sealed = await encrypter.encrypt(plain);
  const headerBytes = sealed.size(0) - tagBytes;
  const reader = sealed.getReader();
  let addedBytes = 0;
  let takenBytes = 0;
  let coveredBytes = 0;

  async function takeUntil(position: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    while (takenBytes < position) {
      const { value } = await reader.read();
      if (!value) throw new AppError('internal', 'The age stream ended before its time.');
      pieces.push(value);
      takenBytes += value.length;
    }
    return Buffer.concat(pieces);
  }

  return {
    get coveredBytes() {
      return coveredBytes;
    },
    async add(plaintext) {
      if (plaintext.length > 0) controller.enqueue(plaintext);
      addedBytes += plaintext.length;
      // A full chunk leaves only when another byte follows: it could still be the last one, which is marked.
      const chunks = Math.max(0, Math.floor((addedBytes - 1) / chunkBytes));
      coveredBytes = chunks * chunkBytes;
      return takeUntil(headerBytes + chunks * sealedChunkBytes);
    },
    async end() {
      controller.close();
      coveredBytes = addedBytes;
      return takeUntil(sealed.size(addedBytes));
    },
  };
}
