// One DTLS-SRTP association (RFC 5764) over OpenSSL: handshake, the far end's certificate by its fingerprint (RFC 8122), keys for SRTP.
// Carries no data. Datagrams in and out are the caller's, who must know by ICE that they come from the far end; they are
// given to OpenSSL one at a time, through memory.

import type { SrtpKeys } from '../../../../protocol/rtp/srtp-keys.ts';
import type { DtlsCertificate } from './dtls-certificate.ts';
import { type Handle, type Openssl, ssl } from './openssl.ts';

export interface DtlsNeeds {
  openssl: Openssl;
  certificate: DtlsCertificate;
  /** Whether we begin (a=setup, RFC 8842). */
  role: 'active' | 'passive';
  /** What SDP says of the far end's certificate. */
  fingerprint: { algorithm: string; value: string };
  send(datagram: Buffer): void;
  onKeys(keys: { local: SrtpKeys; remote: SrtpKeys }): void;
  /** It failed. */
  onEnd(because: string): void;
  /** The far end has closed it, as a browser does that hangs up. Not for our own `close`. */
  onClosed(): void;
}

/** Every browser has it; its keys are 16 bytes and a salt of 14 (RFC 5764 §4.1.2). */
const profile = { name: 'SRTP_AES128_CM_SHA1_80', suite: 'AES_CM_128_HMAC_SHA1_80', key: 16, salt: 14 } as const;
/** What every browser has of the suites of RFC 9325 §4.2 for a key on a curve: forward secrecy, and encryption that authenticates. */
const ciphers = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305'];
const exporterLabel = 'EXTRACTOR-dtls_srtp';
/** RFC 8122 §5 without those that are broken. */
const digests: Readonly<Record<string, string>> = { 'sha-256': 'SHA256', 'sha-384': 'SHA384', 'sha-512': 'SHA512' };
/** What fits into a packet on any way, TURN over IPv6 included. */
const datagramBytes = 1200;
const recordHeaderBytes = 13;
const recordLengthAt = 11;
const handshakeLimitMs = 30_000;
/** What OpenSSL hands over, copied before anything else happens: one for all sessions. */
const scratch = Buffer.alloc(4096);

export class DtlsSession {
  private readonly needs: DtlsNeeds;
  private readonly context: Handle;
  private readonly session: Handle;
  private readonly inward: Handle;
  private readonly outward: Handle;
  private readonly startedAt = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private state: 'handshake' | 'open' | 'ended' = 'handshake';
  private freed = false;

  constructor(needs: DtlsNeeds) {
    this.needs = needs;
    const { openssl, certificate } = needs;
    this.context = openssl.SSL_CTX_new(openssl.DTLS_method());
    const { certificateDer, keyDer } = certificate;
    const ready =
      openssl.SSL_CTX_use_certificate_ASN1(this.context, certificateDer.length, certificateDer) === 1 &&
      openssl.SSL_CTX_use_PrivateKey_ASN1(ssl.keyOfEllipticCurve, this.context, keyDer, keyDer.length) === 1 &&
      openssl.SSL_CTX_set_tlsext_use_srtp(this.context, profile.name) === 0 &&
      openssl.SSL_CTX_set_cipher_list(this.context, ciphers.join(':')) === 1 &&
      openssl.SSL_CTX_ctrl(this.context, ssl.setLowestVersion, ssl.dtls12, null) === 1;
    if (!ready) {
      const because = this.lastError();
      openssl.SSL_CTX_free(this.context);
      throw new Error(`DTLS cannot be set up: ${because}`);
    }
    openssl.SSL_CTX_set_options(this.context, ssl.noQueryMtu | ssl.noRenegotiation);
    openssl.SSL_CTX_set_verify(this.context, ssl.verifyPeerMustHaveOne, null);
    openssl.SSL_CTX_set_cert_verify_callback(this.context, openssl.decide, null);
    this.session = openssl.SSL_new(this.context);
    this.inward = openssl.BIO_new(openssl.BIO_s_mem());
    this.outward = openssl.BIO_new(openssl.BIO_s_mem());
    openssl.SSL_set_bio(this.session, this.inward, this.outward);
    openssl.SSL_ctrl(this.session, ssl.setMtu, datagramBytes, null);
    openssl.DTLS_set_timer_cb(this.session, openssl.nextTimeout);
    if (needs.role === 'active') openssl.SSL_set_connect_state(this.session);
    else openssl.SSL_set_accept_state(this.session);
  }

  /** There is a way to the far end: the active side begins. */
  begin(): void {
    if (this.needs.role === 'active' && this.state === 'handshake' && !this.timer) this.shakeHands();
  }

  receive(datagram: Buffer): void {
    if (this.state === 'ended') return;
    this.needs.openssl.BIO_write(this.inward, datagram, datagram.length);
    if (this.state === 'handshake') this.shakeHands();
    else this.listen();
  }

  private shakeHands(): void {
    const { openssl } = this.needs;
    openssl.ERR_clear_error();
    openssl.isFarEnd = (certificate) => this.isWhoSdpNamed(certificate);
    const result = openssl.SSL_do_handshake(this.session);
    const wants = result === 1 ? 0 : openssl.SSL_get_error(this.session, result);
    this.flush();
    if (result === 1) return this.agreed();
    if (wants === ssl.errorWantRead) return this.armTimer();
    this.end(`DTLS failed: ${this.lastError()}`);
  }

  /** After the handshake: a flight of ours that was lost is sent again, and an alert may come. */
  private listen(): void {
    const { openssl } = this.needs;
    openssl.ERR_clear_error();
    const result = openssl.SSL_read(this.session, scratch, scratch.length);
    const wants = result > 0 ? 0 : openssl.SSL_get_error(this.session, result);
    this.flush();
    if (wants === ssl.errorZeroReturn) {
      this.state = 'ended';
      this.needs.onClosed();
    } else if (wants !== 0 && wants !== ssl.errorWantRead) this.end(`DTLS failed: ${this.lastError()}`);
  }

  private agreed(): void {
    clearTimeout(this.timer);
    const { openssl, role } = this.needs;
    const { key, salt, suite } = profile;
    const material = Buffer.alloc(2 * (key + salt));
    const { length } = exporterLabel;
    const exported =
      openssl.SSL_get_selected_srtp_profile(this.session) !== 0 &&
      openssl.SSL_export_keying_material(this.session, material, material.length, exporterLabel, length, null, 0, 0) ===
        1;
    if (!exported) return this.end('DTLS agreed on no keys for SRTP');
    // Client key, server key, client salt, server salt (RFC 5764 §4.2).
    const keysOf = (index: number): SrtpKeys => ({
      suite,
      keyAndSalt: Buffer.concat([
        material.subarray(index * key, (index + 1) * key),
        material.subarray(2 * key + index * salt, 2 * key + (index + 1) * salt),
      ]),
    });
    const [client, server] = [keysOf(0), keysOf(1)];
    this.state = 'open';
    this.needs.onKeys(role === 'active' ? { local: client, remote: server } : { local: server, remote: client });
  }

  private isWhoSdpNamed(certificate: Handle): boolean {
    const { openssl, fingerprint } = this.needs;
    const name = digests[fingerprint.algorithm.toLowerCase()];
    if (name === undefined) return false;
    const digest = Buffer.alloc(64);
    const length = new Uint32Array(1);
    const made = openssl.X509_digest(certificate, openssl.EVP_get_digestbyname(name), digest, length) === 1;
    const wanted = fingerprint.value.replaceAll(':', '').toLowerCase();
    return made && digest.toString('hex', 0, length[0]) === wanted;
  }

  /** What was not answered in time is sent again (RFC 6347 §4.2.4). */
  private armTimer(): void {
    clearTimeout(this.timer);
    const { openssl } = this.needs;
    const left = Buffer.alloc(16);
    if (openssl.SSL_ctrl(this.session, ssl.getTimeout, 0, left) !== 1) return;
    const ms = Number(left.readBigInt64LE(0)) * 1000 + Number(left.readBigInt64LE(8)) / 1000;
    this.timer = setTimeout(() => {
      if (performance.now() - this.startedAt > handshakeLimitMs) return this.end('DTLS was not finished in time');
      openssl.SSL_ctrl(this.session, ssl.handleTimeout, 0, null);
      this.shakeHands();
    }, Math.ceil(ms));
  }

  /** OpenSSL writes records one behind the other; as many as fit make a datagram (RFC 6347 §4.1.1). */
  private flush(): void {
    const { openssl, send } = this.needs;
    const parts: Buffer[] = [];
    for (;;) {
      const length = openssl.BIO_read(this.outward, scratch, scratch.length);
      if (length <= 0) break;
      parts.push(Buffer.from(scratch.subarray(0, length)));
    }
    if (parts.length > 0) for (const datagram of datagramsOf(Buffer.concat(parts))) send(datagram);
  }

  private lastError(): string {
    const { openssl } = this.needs;
    const code = openssl.ERR_get_error();
    if (code === 0) return 'no reason given';
    const text = Buffer.alloc(256);
    openssl.ERR_error_string_n(code, text, text.length);
    openssl.ERR_clear_error();
    return text.toString('latin1', 0, text.indexOf(0));
  }

  private end(because: string): void {
    this.state = 'ended';
    clearTimeout(this.timer);
    this.needs.onEnd(because);
  }

  /** Gives back what OpenSSL holds. Says nothing to the far end. */
  close(): void {
    if (this.freed) return;
    this.freed = true;
    clearTimeout(this.timer);
    const { openssl } = this.needs;
    this.state = 'ended';
    openssl.SSL_free(this.session);
    openssl.SSL_CTX_free(this.context);
    openssl.ERR_clear_error();
  }
}

function datagramsOf(records: Buffer): Buffer[] {
  const datagrams: Buffer[] = [];
  let from = 0;
  let at = 0;
  while (at + recordHeaderBytes <= records.length) {
    const end = at + recordHeaderBytes + records.readUInt16BE(at + recordLengthAt);
    if (end - from > datagramBytes && at > from) {
      datagrams.push(records.subarray(from, at));
      from = at;
    }
    at = end;
  }
  if (from < records.length) datagrams.push(records.subarray(from));
  return datagrams;
}
