// The TURN servers as a desk meets them: an allocation with a credential made now, a relay to the media servers, and none to
// anything private.

import { turnCredential } from '../../api/turn-credentials.ts';
import type { Config } from '../../config.ts';
import { loadSecrets } from '../../secrets.ts';
import { asError } from '../../shared/errors.ts';
import { error, type Finding, ok, type Patient, warning } from './finding.ts';
import { addressesOf } from './freeswitch.ts';
import { eventSocketsOf } from './media.ts';
import { openTurnClient, parseTurnUrl, type TurnAnswer, type TurnClient } from './turn-client.ts';

export interface TurnCheck {
  urls: readonly string[];
  secret: string;
  /** Addresses that media servers offer to browsers. */
  mediaPeers: readonly string[];
  timeoutMs?: number;
  ca?: string | Buffer;
}

/** Networks where a relay has no business: one address of each (RFC 6890). */
const privatePeers = [
  '10.255.255.254',
  '172.31.255.254',
  '192.168.255.254',
  '100.127.255.254',
  '169.254.169.254',
  '127.0.0.1',
];

export async function checkTurn({ config }: Patient): Promise<Finding[]> {
  const { turn, dataFolder } = config;
  if (turn.urls.length === 0 && config.demo) return [ok('There is no TURN server, and the demo needs none.')];
  if (turn.urls.length === 0)
    return [warning('turn.urls is empty: a home whose network blocks UDP to the media ports will have no audio.')];
  const { turnSecret } = loadSecrets(dataFolder);
  const { peers, findings } = await mediaPeersOf(config);
  return [...findings, ...(await checkTurnServers({ urls: turn.urls, secret: turnSecret ?? '', mediaPeers: peers }))];
}

const everyAddress = new Set(['0.0.0.0', '::']);

/** Addresses that media servers offer to browsers. */
async function mediaPeersOf({ media }: Config): Promise<{ peers: string[]; findings: Finding[] }> {
  if (media.kind === 'embedded') {
    const offered = media.publicAddress ?? media.address;
    return { peers: everyAddress.has(offered) ? [] : [offered], findings: [] };
  }
  const peers: string[] = [];
  const findings: Finding[] = [];
  for (const { profile, ...eventSocket } of eventSocketsOf(media)) {
    const addresses = await addressesOf(eventSocket, profile);
    if (!addresses) continue;
    peers.push(addresses.media);
    if (addresses.media === addresses.control)
      findings.push(
        warning(
          `FreeSWITCH at ${eventSocket.host} takes SIP at ${addresses.control}, which desks reach by way of the TURN server: give FS_CONTROL_IP another address than FS_RTP_IP.`,
        ),
      );
  }
  return { peers: [...new Set(peers)], findings };
}

export async function checkTurnServers(check: TurnCheck): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (check.secret.length < 32)
    findings.push(warning('ENGAWA_TURN_SECRET is short: openssl rand -hex 32 makes a good one.'));
  for (const url of check.urls.filter((one) => !one.startsWith('stun:')))
    findings.push(...(await checkUrl(url, check)));
  return findings;
}

async function checkUrl(url: string, check: TurnCheck): Promise<Finding[]> {
  const server = parseTurnUrl(url);
  if (!server)
    return [error(`turn.urls: “${url}” is not turn:HOST:PORT?transport=udp or turns:HOST:PORT?transport=tcp.`)];
  let client: TurnClient | undefined;
  try {
    client = await openTurnClient({
      server,
      ...turnCredential(check.secret, 'doctor', Date.now() + 60_000),
      timeoutMs: check.timeoutMs ?? 5000,
      ...(check.ca ? { ca: check.ca } : {}),
    });
    const allocated = await client.allocate();
    const relayed = allocated.kind === 'ok' ? allocated.message.relayedAddress : undefined;
    if (!relayed) return [error(`${url} ${refusal(allocated)}`)];
    const findings = [
      ok(`${url} takes our credentials and relays from ${relayed.address}.`),
      ...(await judgePeers(url, client, check)),
    ];
    await client.refresh(0);
    return findings;
  } catch (thrown) {
    return [error(`${url} cannot be reached: ${asError(thrown).message}. Look at the firewall and the certificate.`)];
  } finally {
    client?.close();
  }
}

function refusal(answer: TurnAnswer): string {
  if (answer.kind === 'no-answer')
    return `does not answer (${answer.because}). Is coturn started, is the port open for it?`;
  if (answer.kind === 'ok') return 'gave no relayed address.';
  if (answer.code === 401)
    return 'refuses our credentials: ENGAWA_TURN_SECRET differs from its static-auth-secret, or its clock from ours.';
  if (answer.code === 486) return 'has reached user-quota: too many allocations at once.';
  return `refuses: ${answer.code} ${answer.reason}.`;
}

async function judgePeers(url: string, client: TurnClient, { mediaPeers }: TurnCheck): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const address of mediaPeers) {
    const answer = await client.permit({ address, port: 9 });
    findings.push(
      answer.kind === 'ok'
        ? ok(`${url} relays to the media server at ${address}.`)
        : error(`${url} does not relay to the media server at ${address}: add it to TURN_MEDIA_PEERS of coturn.`),
    );
  }
  for (const address of privatePeers.filter((one) => !mediaPeers.includes(one))) {
    if ((await client.permit({ address, port: 9 })).kind === 'ok')
      findings.push(
        error(
          `${url} relays to ${address}: everybody with a desk can reach your network through it. Use config/coturn.`,
        ),
      );
  }
  if (findings.every(({ level }) => level === 'ok')) findings.push(ok(`${url} relays to nothing private.`));
  return findings;
}
