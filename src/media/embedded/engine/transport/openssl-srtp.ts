// AES in counter mode and HMAC-SHA1 for SRTP by calls into the OpenSSL that Node.js carries (evp(7)), at a fifth of what node:crypto
// costs for a packet, which makes an object and a buffer for each. One cipher and one MAC for all streams, given the key
// with every packet: nothing has to be freed. Everything that OpenSSL reads and writes lies in memory that stays where it is.

import { type KeyStream, longestPacket, type SrtpCrypto, writeCounter } from '../../../../protocol/rtp/srtp-crypto.ts';
import { type Address, type Native, withOpenssl } from '../native.ts';

/** With what is authenticated behind it. */
const packetBytes = longestPacket + 64;
const counterAt = 0;
const writtenAt = 16;
const digestAt = 32;
const packetAt = 64;
const digestBytes = 20;

/** Such cryptography, or why there is none. */
export function loadOpensslSrtp(): SrtpCrypto | string {
  return withOpenssl((native) => {
    const calls = bind(native);
    return {
      keyStream: (cipherKey, salt) => new OpensslKeyStream(calls, cipherKey, salt),
      authenticator(authKey) {
        const one = new OpensslAuthenticator(calls, authKey);
        return (bytes, length) => one.tag(bytes, length);
      },
    };
  });
}

type Calls = ReturnType<typeof bind>;

/** The functions, one cipher of each key length, one MAC, and the memory that they work on. */
function bind({ func, addressOf }: Native) {
  const encryptInit = func('int EVP_EncryptInit_ex(uintptr_t, uintptr_t, uintptr_t, uintptr_t key, uintptr_t iv)');
  const macInit = func('int EVP_MAC_init(uintptr_t, uintptr_t key, size_t, uintptr_t)');
  const memory = fixed(new Uint8Array(packetAt + packetBytes));
  const base = addressOf(memory);

  function cipher(name: 'EVP_aes_128_ctr' | 'EVP_aes_256_ctr'): number {
    const context = must(func('uintptr_t EVP_CIPHER_CTX_new()')());
    must(encryptInit(context, func(`uintptr_t ${name}()`)(), 0, 0, 0));
    return context;
  }

  const hmac = must(func('uintptr_t EVP_MAC_fetch(uintptr_t, const char *, const char *)')(0, 'HMAC', null));
  const mac = must(func('uintptr_t EVP_MAC_CTX_new(uintptr_t)')(hmac));
  must(macInit(mac, base, digestBytes, writeDigestIsSha1(memory, base)));
  return {
    addressOf,
    aes128: cipher('EVP_aes_128_ctr'),
    aes256: cipher('EVP_aes_256_ctr'),
    mac,
    encryptInit,
    encryptUpdate: func('int EVP_EncryptUpdate(uintptr_t, uintptr_t, uintptr_t, uintptr_t, int)'),
    macInit,
    macUpdate: func('int EVP_MAC_update(uintptr_t, uintptr_t, size_t)'),
    macFinal: func('int EVP_MAC_final(uintptr_t, uintptr_t, uintptr_t, size_t)'),
    base,
    memory,
    counter: memory.subarray(counterAt, counterAt + 16),
    digest: memory.subarray(digestAt, digestAt + digestBytes),
    /** What was encrypted, by where it ends, made once: packets of a call are all of one or two lengths. */
    views: new Array<Uint8Array | undefined>(packetBytes + 1).fill(undefined),
  };
}

function must(given: number): number {
  if (!given) throw new Error('OpenSSL has no AES in counter mode, or no HMAC-SHA1');
  return given;
}

/** To where OpenSSL works; whole, because a view of a part costs more than its bytes. */
function take({ memory }: Calls, bytes: Uint8Array): void {
  if (bytes.length > packetBytes) throw new RangeError(`an SRTP packet of ${bytes.length} bytes`);
  memory.set(bytes, packetAt);
}

class OpensslKeyStream implements KeyStream {
  private readonly calls: Calls;
  /** Kept, because OpenSSL is told where it is. */
  private readonly key: Uint8Array;
  private readonly keyAt: Address;
  private readonly salt: Uint8Array;
  private readonly context: number;

  constructor(calls: Calls, cipherKey: Uint8Array, salt: Uint8Array) {
    this.calls = calls;
    this.key = fixed(cipherKey);
    this.keyAt = calls.addressOf(this.key);
    this.salt = fixed(salt);
    this.context = cipherKey.length === 32 ? calls.aes256 : calls.aes128;
  }

  apply(bytes: Uint8Array, start: number, end: number, ssrc: number, indexHigh: number, indexLow: number): void {
    const { calls, context } = this;
    const { base, views } = calls;
    const startAt = base + packetAt + start;
    take(calls, bytes);
    writeCounter(calls.counter, this.salt, ssrc, indexHigh, indexLow);
    calls.encryptInit(context, 0, 0, this.keyAt, base + counterAt);
    calls.encryptUpdate(context, startAt, base + writtenAt, startAt, end - start);
    let encrypted = views[end];
    if (encrypted?.length !== end - start) {
      encrypted = calls.memory.subarray(packetAt + start, packetAt + end);
      views[end] = encrypted;
    }
    bytes.set(encrypted, start);
  }
}

class OpensslAuthenticator {
  private readonly calls: Calls;
  /** Kept, because OpenSSL is told where it is. */
  private readonly key: Uint8Array;
  private readonly keyAt: Address;

  constructor(calls: Calls, authKey: Uint8Array) {
    this.calls = calls;
    this.key = fixed(authKey);
    this.keyAt = calls.addressOf(this.key);
  }

  tag(bytes: Uint8Array, length: number): Uint8Array {
    const { calls } = this;
    const { base, mac } = calls;
    take(calls, bytes);
    calls.macInit(mac, this.keyAt, this.key.length, 0);
    calls.macUpdate(mac, base + packetAt, length);
    calls.macFinal(mac, base + digestAt, base + writtenAt, digestBytes);
    return calls.digest;
  }
}

/** A copy in an ArrayBuffer of its own: memory that does not move as long as it is kept. */
function fixed(bytes: Uint8Array): Uint8Array {
  const own = new Uint8Array(new ArrayBuffer(bytes.length));
  own.set(bytes);
  return own;
}

/**
 * Where in `memory` an OSSL_PARAM list (OSSL_PARAM(3)) now names SHA-1 as the digest: key, type, data, its size, what was written; an entry
 * without a key ends it.
 */
function writeDigestIsSha1(memory: Uint8Array, base: Address): Address {
  const utf8String = 4;
  const [keyAt, valueAt, listAt] = [packetAt, packetAt + 16, packetAt + 32];
  Buffer.from(memory.buffer).write('digest\0', keyAt, 'latin1');
  Buffer.from(memory.buffer).write('SHA1\0', valueAt, 'latin1');
  const list = new DataView(memory.buffer, listAt, 80);
  list.setBigUint64(0, BigInt(base + keyAt), true);
  list.setUint32(8, utf8String, true);
  list.setBigUint64(16, BigInt(base + valueAt), true);
  list.setBigUint64(24, 4n, true);
  return base + listAt;
}
