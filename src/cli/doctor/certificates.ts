// Certificates as those who meet them see them: does the key fit, is the chain complete and signed by somebody whom this
// machine trusts, is it for the name that is used, when does it run out. A handshake over loopback tells the chain.

import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type AddressInfo, isIP } from 'node:net';
import { connect, createSecureContext, createServer } from 'node:tls';
import type { Config } from '../../config.ts';
import { asError } from '../../shared/errors.ts';
import { error, type Finding, ok, type Patient, warning } from './finding.ts';

export interface CertificateUse {
  /** The setting, such as http.tls. */
  what: string;
  certFile: string;
  keyFile: string;
  /** The name that clients ask for; undefined: it is not known here. */
  host?: string;
  /** Who it must convince: browsers take no self-signed one, a carrier may. */
  judge: 'browser' | 'peer';
}

function usesOf({ http, sip }: Config): CertificateUse[] {
  const uses: CertificateUse[] = [];
  const publicHost = http.publicUrl ? new URL(http.publicUrl).hostname : undefined;
  if (http.tls)
    uses.push({ what: 'http.tls', ...http.tls, judge: 'browser', ...(publicHost ? { host: publicHost } : {}) });
  if (sip.kind === 'embedded' && sip.tls) uses.push({ what: 'sip.tls', ...sip.tls, judge: 'peer' });
  if (sip.kind === 'embedded' && sip.control?.tls)
    uses.push({ what: 'sip.control.tls', ...sip.control.tls, judge: 'peer' });
  if (sip.kind === 'drachtio' && sip.listenTls) uses.push({ what: 'sip.listenTls', ...sip.listenTls, judge: 'peer' });
  return uses;
}

export async function checkCertificates({ config }: Patient): Promise<Finding[]> {
  const uses = usesOf(config);
  if (uses.length === 0) return [ok('No certificate is needed: everything is on loopback or behind another program.')];
  return (await Promise.all(uses.map(checkCertificate))).flat();
}

export async function checkCertificate(use: CertificateUse): Promise<Finding[]> {
  const { what, certFile, keyFile, host } = use;
  const cert = readFileSync(certFile);
  const key = readFileSync(keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (thrown) {
    return [error(`${what}: ${keyFile} is not the key of ${certFile} (${asError(thrown).message}).`)];
  }
  const chain = certificatesIn(cert.toString());
  const [leaf] = chain;
  if (!leaf) return [error(`${what}: ${certFile} holds no certificate in PEM.`)];
  const findings = [judgeTime(what, certFile, chain)];
  if ((statSync(keyFile).mode & 0o004) !== 0)
    findings.push(warning(`${what}: everybody on this machine can read ${keyFile}. Run: chmod o-r ${keyFile}`));
  if (host !== undefined && (isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host)) === undefined)
    findings.push(
      error(`${what}: ${certFile} is not for ${host} but for ${leaf.subjectAltName ?? leaf.subject}; get one that is.`),
    );
  findings.push(judgeChain(use, await trouble(cert, key, host)));
  return findings;
}

function judgeTime(what: string, file: string, chain: X509Certificate[]): Finding {
  const ends = Math.min(...chain.map(({ validTo }) => Date.parse(validTo)));
  const daysLeft = Math.floor((ends - Date.now()) / 86_400_000);
  if (chain.some(({ validFrom }) => Date.parse(validFrom) > Date.now()))
    return error(`${what}: ${file} is not valid yet; look at this machine’s clock.`);
  if (daysLeft < 0) return error(`${what}: ${file} ran out ${-daysLeft} days ago; renew it.`);
  if (daysLeft < 21) return warning(`${what}: ${file} runs out in ${daysLeft} days.`);
  return ok(`${what}: ${file} fits its key and is good for ${daysLeft} days.`);
}

function judgeChain({ what, certFile, judge }: CertificateUse, code: string | undefined): Finding {
  if (code === undefined)
    return ok(`${what}: the chain of ${certFile} leads to an authority that this machine trusts.`);
  if (code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' || code === 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    return (judge === 'browser' ? error : warning)(
      `${what}: ${certFile} does not hold the certificates between it and a known authority; use the fullchain file.`,
    );
  if (code === 'DEPTH_ZERO_SELF_SIGNED_CERT' || code === 'SELF_SIGNED_CERT_IN_CHAIN')
    return warning(
      judge === 'browser'
        ? `${what}: ${certFile} is signed by nobody known: browsers refuse the microphone unless each machine is told to trust it.`
        : `${what}: ${certFile} is signed by nobody known: the other side must be told to trust it.`,
    );
  return warning(`${what}: ${certFile} is not trusted here (${code}).`);
}

/** What a client of this machine has against it, by the name of OpenSSL's error; undefined when nothing. */
function trouble(cert: Buffer, key: Buffer, host: string | undefined): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer({ cert, key });
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      // The name is judged apart, with a sentence of its own.
      const client = connect({
        host: '127.0.0.1',
        port,
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
        ...(host && !isIP(host) ? { servername: host } : {}),
      });
      const end = (code: string | undefined) => {
        client.destroy();
        server.close(() => resolve(code));
      };
      client.once('secureConnect', () => {
        const { authorizationError } = client as { authorizationError?: Error | string | null };
        const code = (authorizationError as { code?: string } | null)?.code ?? authorizationError;
        end(client.authorized ? undefined : String(code));
      });
      client.once('error', (thrown) => end(thrown.message));
    });
  });
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
