// Signed heads of the audit log: `at this time, entry number seq of this chain had this hash`, signed with Ed25519 (RFC 8032).
// Kept outside the database, they show what was cut off or written anew there. Lines of JSON in a file that only grows:
//
//   { kind: 'key',  … }   a key begins: signed by itself when it is the first, by the key before it afterwards
//   { kind: 'head', … }   a head
//
// Pure but for making keys. What is signed is the line without its signature, as RFC 8785 writes it.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { AppError } from '../../shared/errors.ts';

export interface SignedHead {
  v: 1;
  kind: 'head';
  /** The hash of the first entry: which log this is. */
  chain: string;
  seq: number;
  hash: string;
  at: number;
  /** Which key signed it. */
  key: string;
  signature: string;
}

export interface SignedKey {
  v: 1;
  kind: 'key';
  publicKey: string;
  key: string;
  at: number;
  /** The key that vouches for it. */
  by: string;
  signature: string;
}

export type HeadLine = SignedHead | SignedKey;

export interface SigningKey {
  /** The first 16 hexadecimal digits of the SHA-256 of the public key. */
  id: string;
  /** 32 bytes, hex. */
  publicKey: string;
  privateKey: KeyObject;
}

const idOf = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'hex')).digest('hex').slice(0, 16);

export function newSigningKey(): SigningKey {
  return describe(generateKeyPairSync('ed25519').privateKey);
}

/** As PEM (PKCS #8). */
export const signingKeyText = ({ privateKey }: SigningKey): string =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Fails with `secret-missing` when it is none. */
export function readSigningKey(pem: string, where: string): SigningKey {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return describe(key);
  } catch {
    // Said below, without what was read.
  }
  throw new AppError('secret-missing', `${where} must hold an Ed25519 private key in PEM (PKCS #8).`);
}

function describe(privateKey: KeyObject): SigningKey {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = Buffer.from(x!, 'base64url').toString('hex');
  return { id: idOf(publicKey), publicKey, privateKey };
}

function signature(unsigned: Omit<SignedHead, 'signature'> | Omit<SignedKey, 'signature'>, key: SigningKey): string {
  return sign(null, Buffer.from(canonicalJson({ ...unsigned })), key.privateKey).toString('base64url');
}

export function signHead(head: { chain: string; seq: number; hash: string; at: number }, key: SigningKey): SignedHead {
  const { chain, seq, hash, at } = head;
  const unsigned = { v: 1 as const, kind: 'head' as const, chain, seq, hash, at, key: key.id };
  return { ...unsigned, signature: signature(unsigned, key) };
}

/** `by`: the key before it; itself when it is the first. */
export function signKey(key: SigningKey, at: number, by: SigningKey = key): SignedKey {
  const unsigned = { v: 1 as const, kind: 'key' as const, publicKey: key.publicKey, key: key.id, at, by: by.id };
  return { ...unsigned, signature: signature(unsigned, by) };
}

/** Which public keys are believed; learns those that a believed one vouches for. */
export interface TrustedKeys {
  /** False: not signed by a key that is believed, or changed. */
  accepts(line: HeadLine): boolean;
}

/** Without any key given, the file's own first key is taken at its word. */
export function trustKeys(publicKeys: readonly string[]): TrustedKeys {
  const trusted = new Map(publicKeys.map((key) => [idOf(key), key]));
  let believesFirst = publicKeys.length === 0;

  function signedBy(id: string, { signature: signed, ...unsigned }: HeadLine): boolean {
    const publicKey = trusted.get(id);
    if (publicKey === undefined) return false;
    try {
      const x = Buffer.from(publicKey, 'hex').toString('base64url');
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      return verify(null, Buffer.from(canonicalJson({ ...unsigned })), key, Buffer.from(signed, 'base64url'));
    } catch {
      // No key, or no value that could have been signed.
      return false;
    }
  }

  return {
    accepts(line) {
      if (line.kind === 'head') return signedBy(line.key, line);
      if (idOf(line.publicKey) !== line.key) return false;
      if (believesFirst && line.by === line.key) trusted.set(line.key, line.publicKey);
      believesFirst = false;
      if (!signedBy(line.by, line)) return false;
      trusted.set(line.key, line.publicKey);
      return true;
    },
  };
}

/** Undefined: no line of such a file. */
export function parseHeadLine(text: string): HeadLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const line = value as Record<string, unknown> | null;
  const is = (type: string, ...names: string[]) => names.every((name) => typeof line?.[name] === type);
  if (line?.['v'] !== 1 || !is('string', 'key', 'signature') || !is('number', 'at')) return undefined;
  if (line['kind'] === 'head' && is('string', 'chain', 'hash') && is('number', 'seq')) return value as SignedHead;
  if (line['kind'] === 'key' && is('string', 'publicKey', 'by')) return value as SignedKey;
  return undefined;
}
