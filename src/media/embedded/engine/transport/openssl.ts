// DTLS by the OpenSSL that Node.js itself carries, bound with koffi (ssl(7) of OpenSSL 3, and DTLSv1_get_timeout(3)). Only what
// dtls-session.ts calls, a few dozen times in a call's life; nothing here is called for a packet of audio.
// Handles are numbers, and whoever makes one frees it. No call keeps a pointer to our memory after it has returned.

import { withOpenssl } from '../native.ts';

/** Where OpenSSL keeps something; 0 is none. */
export type Handle = number;

export interface Openssl {
  DTLS_method(): Handle;
  SSL_CTX_new(method: Handle): Handle;
  SSL_CTX_free(context: Handle): void;
  SSL_CTX_use_certificate_ASN1(context: Handle, length: number, der: Uint8Array): number;
  SSL_CTX_use_PrivateKey_ASN1(kind: number, context: Handle, der: Uint8Array, length: number): number;
  /** 0 is success here, and nowhere else. */
  SSL_CTX_set_tlsext_use_srtp(context: Handle, profiles: string): number;
  SSL_CTX_set_cipher_list(context: Handle, ciphers: string): number;
  SSL_CTX_ctrl(context: Handle, command: number, number: number, value: null): number;
  SSL_CTX_set_options(context: Handle, options: number): number;
  SSL_CTX_set_verify(context: Handle, mode: number, verify: null): void;
  SSL_CTX_set_cert_verify_callback(context: Handle, decide: Handle, argument: null): void;
  SSL_new(context: Handle): Handle;
  SSL_free(ssl: Handle): void;
  /** The session frees both. */
  SSL_set_bio(ssl: Handle, reads: Handle, writes: Handle): void;
  SSL_set_accept_state(ssl: Handle): void;
  SSL_set_connect_state(ssl: Handle): void;
  SSL_do_handshake(ssl: Handle): number;
  SSL_get_error(ssl: Handle, result: number): number;
  SSL_read(ssl: Handle, into: Uint8Array, size: number): number;
  SSL_ctrl(ssl: Handle, command: number, number: number, value: Uint8Array | null): number;
  DTLS_set_timer_cb(ssl: Handle, next: Handle): void;
  SSL_get_selected_srtp_profile(ssl: Handle): Handle;
  SSL_export_keying_material(
    ssl: Handle,
    into: Uint8Array,
    size: number,
    label: string,
    labelLength: number,
    context: null,
    contextLength: number,
    useContext: number,
  ): number;
  X509_STORE_CTX_get0_cert(asked: Handle): Handle;
  X509_digest(certificate: Handle, digest: Handle, into: Uint8Array, length: Uint32Array): number;
  EVP_get_digestbyname(name: string): Handle;
  BIO_new(method: Handle): Handle;
  BIO_s_mem(): Handle;
  BIO_write(bio: Handle, bytes: Uint8Array, length: number): number;
  /** -1 when there is nothing. */
  BIO_read(bio: Handle, into: Uint8Array, size: number): number;
  ERR_clear_error(): void;
  ERR_get_error(): number;
  ERR_error_string_n(code: number, into: Uint8Array, size: number): void;
  /** For SSL_CTX_set_cert_verify_callback: asks `isFarEnd`. */
  decide: Handle;
  /** For DTLS_set_timer_cb: 50 ms, then twice as long each time, up to 3 s. */
  nextTimeout: Handle;
  /** Whether this certificate is the far end's; whoever calls SSL_do_handshake sets it before. */
  isFarEnd: (certificate: Handle) => boolean;
}

export const ssl = {
  errorWantRead: 2,
  errorZeroReturn: 6,
  verifyPeerMustHaveOne: 3,
  keyOfEllipticCurve: 408,
  noQueryMtu: 0x1000,
  noRenegotiation: 0x40000000,
  setMtu: 17,
  setLowestVersion: 123,
  dtls12: 0xfefd,
  getTimeout: 73,
  handleTimeout: 74,
} as const;

const prototypes: Readonly<Record<Exclude<keyof Openssl, 'decide' | 'nextTimeout' | 'isFarEnd'>, string>> = {
  DTLS_method: 'uintptr_t DTLS_method()',
  SSL_CTX_new: 'uintptr_t SSL_CTX_new(uintptr_t)',
  SSL_CTX_free: 'void SSL_CTX_free(uintptr_t)',
  SSL_CTX_use_certificate_ASN1: 'int SSL_CTX_use_certificate_ASN1(uintptr_t, int, const void *)',
  SSL_CTX_use_PrivateKey_ASN1: 'int SSL_CTX_use_PrivateKey_ASN1(int, uintptr_t, const void *, long)',
  SSL_CTX_set_tlsext_use_srtp: 'int SSL_CTX_set_tlsext_use_srtp(uintptr_t, const char *)',
  SSL_CTX_set_cipher_list: 'int SSL_CTX_set_cipher_list(uintptr_t, const char *)',
  SSL_CTX_ctrl: 'long SSL_CTX_ctrl(uintptr_t, int, long, void *)',
  SSL_CTX_set_options: 'uint64_t SSL_CTX_set_options(uintptr_t, uint64_t)',
  SSL_CTX_set_verify: 'void SSL_CTX_set_verify(uintptr_t, int, const void *)',
  SSL_CTX_set_cert_verify_callback: 'void SSL_CTX_set_cert_verify_callback(uintptr_t, uintptr_t, const void *)',
  SSL_new: 'uintptr_t SSL_new(uintptr_t)',
  SSL_free: 'void SSL_free(uintptr_t)',
  SSL_set_bio: 'void SSL_set_bio(uintptr_t, uintptr_t, uintptr_t)',
  SSL_set_accept_state: 'void SSL_set_accept_state(uintptr_t)',
  SSL_set_connect_state: 'void SSL_set_connect_state(uintptr_t)',
  SSL_do_handshake: 'int SSL_do_handshake(uintptr_t)',
  SSL_get_error: 'int SSL_get_error(uintptr_t, int)',
  SSL_read: 'int SSL_read(uintptr_t, void *, int)',
  SSL_ctrl: 'long SSL_ctrl(uintptr_t, int, long, void *)',
  DTLS_set_timer_cb: 'void DTLS_set_timer_cb(uintptr_t, uintptr_t)',
  SSL_get_selected_srtp_profile: 'uintptr_t SSL_get_selected_srtp_profile(uintptr_t)',
  SSL_export_keying_material:
    'int SSL_export_keying_material(uintptr_t, void *, size_t, const char *, size_t, const void *, size_t, int)',
  X509_STORE_CTX_get0_cert: 'uintptr_t X509_STORE_CTX_get0_cert(uintptr_t)',
  X509_digest: 'int X509_digest(uintptr_t, uintptr_t, void *, void *)',
  EVP_get_digestbyname: 'uintptr_t EVP_get_digestbyname(const char *)',
  BIO_new: 'uintptr_t BIO_new(uintptr_t)',
  BIO_s_mem: 'uintptr_t BIO_s_mem()',
  BIO_write: 'int BIO_write(uintptr_t, const void *, int)',
  BIO_read: 'int BIO_read(uintptr_t, void *, int)',
  ERR_clear_error: 'void ERR_clear_error()',
  ERR_get_error: 'unsigned long ERR_get_error()',
  ERR_error_string_n: 'void ERR_error_string_n(unsigned long, void *, size_t)',
};

/** RFC 6347 §4.2.4.1 has a second for those who know nothing of the way; ICE has just shown that it is there, and somebody waits. */
const firstTimeoutUs = 50_000;
const lastTimeoutUs = 3_000_000;

/** The calls, or why there are none. */
export function loadOpenssl(): Openssl | string {
  return withOpenssl(({ func, callback }) => {
    const calls = Object.fromEntries(Object.entries(prototypes).map(([name, prototype]) => [name, func(prototype)]));
    const openssl = { ...calls, isFarEnd: () => false } as unknown as Openssl;
    openssl.decide = callback('int EngawaDecide(uintptr_t asked, uintptr_t argument)', (asked = 0) =>
      openssl.isFarEnd(openssl.X509_STORE_CTX_get0_cert(asked)) ? 1 : 0,
    );
    openssl.nextTimeout = callback(
      'uint32_t EngawaTimeout(uintptr_t session, uint32_t microseconds)',
      (_, before = 0) => (before === 0 ? firstTimeoutUs : Math.min(2 * before, lastTimeoutUs)),
    );
    return openssl;
  });
}
