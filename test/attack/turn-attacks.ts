// Abuse of the TURN server by which desks are heard: by somebody with the credentials of a session, and by strangers. What would count
// as in: an allocation without a credential in force or beyond the quota, a permission for anybody but the media server, a packet that
// reaches such a one, and an answer of the SIP server by way of the relay.

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { openTurnClient, type TurnClient } from '../../src/cli/doctor/turn-client.ts';
import { encodeStun } from '../../src/protocol/stun/stun-message.ts';
import { type Attack, flood, type RunningAttack, type Targets } from './attack.ts';
import { signIn } from './insider-attacks.ts';
import { tonePacket } from './media-attacks.ts';
import { sipText } from './sip-attacks.ts';

interface Credential {
  username: string;
  credential: string;
}

/** `user-quota` of config/coturn/turnserver.conf. */
const quota = 48;
/** Nothing listens there but at the first, which is the attack's own. */
const victim = '127.66.240.1';
const forbidden = [
  ...[victim, '127.0.0.2', '0.0.0.0', '10.0.0.1', '100.64.0.1', '169.254.169.254', '172.16.0.1', '192.168.1.1'],
  ...['224.0.0.1', '203.0.113.9', '::1', 'fd00::1', '::ffff:7f00:2', '::ffff:a00:1'],
];

async function credentialOf(targets: Targets): Promise<Credential> {
  const { headers } = await signIn(targets);
  const response = await fetch(new URL('/api/v1/turn-credentials', targets.url), { headers });
  const { iceServers } = (await response.json()) as { iceServers: Partial<Credential>[] };
  const { username, credential } = iceServers.find((server) => server.username) ?? {};
  if (!username || !credential) throw new Error('the insider gets no credential for the TURN server');
  return { username, credential };
}

async function turnAbuse(targets: Targets): Promise<RunningAttack> {
  const own = await credentialOf(targets);
  const { host, port } = targets.turn!;
  const counts = { sent: 0, answered: 0, gotIn: 0, granted: 0, refused: 0 };
  const pending = new Set<Promise<unknown>>();
  const clients = new Set<TurnClient>();
  const listener = createSocket('udp4');
  await new Promise<void>((resolve) => listener.bind(0, victim, resolve));
  listener.on('message', () => void counts.gotIn++);
  const victimPort = listener.address().port;

  async function open(credential: Credential): Promise<TurnClient> {
    const client = await openTurnClient({ server: { host, port, transport: 'udp' }, ...credential, timeoutMs: 8_000 });
    clients.add(client);
    return client;
  }
  async function asks(what: ReturnType<TurnClient['allocate']>): Promise<boolean> {
    counts.sent++;
    const { kind } = await what;
    if (kind !== 'no-answer') counts.answered++;
    if (kind === 'refused') counts.refused++;
    return kind === 'ok';
  }
  const hold = await open(own);
  if (!(await asks(hold.allocate()))) throw new Error('the insider’s own credential is refused');
  const media = { address: '127.0.0.1', port: targets.rtpPort };
  if (!(await asks(hold.permit(media)))) throw new Error('the relay does not reach the media server');
  counts.granted = 1;

  const [ends, bearer] = own.username.split(':') as [string, string];
  const notInForce = (): Credential[] => [
    // Made to last; another session's name; over; guessed.
    { ...own, username: `${Number(ends) + 86_400}:${bearer}` },
    { ...own, username: `${ends}:ses_somebodyelse` },
    { ...own, username: `${Math.floor(Date.now() / 1000) - 60}:${bearer}` },
    { ...own, credential: randomBytes(20).toString('base64') },
  ];
  const steps: ((count: number) => Promise<void>)[] = [
    async (count) => {
      const address = forbidden[count % forbidden.length]!;
      const peer = { address, port: victimPort };
      if (await asks(hold.permit(peer))) counts.gotIn++;
      hold.send(peer, Buffer.from('knock'));
    },
    async (count) => {
      const client = await open(notInForce()[count % 4]!);
      if (await asks(client.allocate())) counts.gotIn++;
      clients.delete(client);
      client.close();
    },
    async () => {
      const client = await open(own);
      if (await asks(client.allocate())) counts.granted++;
      if (counts.granted > quota) counts.gotIn++;
    },
    async (count) => {
      // Through the relay to what is on the media server's address besides: its tone is listened for by the lab.
      const at = (to: number) => ({ address: '127.0.0.1', port: to });
      for (const to of [targets.rtpPort, targets.webrtcPort]) hold.send(at(to), tonePacket(count, count));
      const from = { host: '127.0.0.1', port };
      const uri = `sip:${targets.number}@${targets.sip.host}`;
      hold.send(at(targets.sip.port), Buffer.from(sipText(from, { method: 'INVITE', uri })));
      counts.sent += 3;
    },
  ];
  let made = 0;
  return {
    once() {
      const one = steps[made % steps.length]!(Math.floor(made / steps.length)).catch(() => undefined);
      made++;
      pending.add(one);
      void one.finally(() => pending.delete(one));
    },
    async stop() {
      await Promise.all(pending);
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const { data } of hold.received) if (/^SIP\/2\.0 [1-6]/.test(data.toString('latin1'))) counts.gotIn++;
      for (const client of clients) client.close();
      listener.close();
      const { sent, answered, gotIn, granted, refused } = counts;
      return { sent, answered, gotIn, note: `${granted} allocations of ${quota} granted, ${refused} requests refused` };
    },
  };
}

const nobody = Buffer.from('nobody');
const allocate = (count: number): Buffer =>
  encodeStun(
    {
      ...{ method: 'allocate', class: 'request', transactionId: randomBytes(12), requestedTransport: 17 },
      ...(count % 2 === 0 ? {} : { username: `${count}:ses_x`, realm: 'engawa', nonce: 'made-up' }),
    },
    count % 2 === 0 ? undefined : nobody,
  );

export const turnAttacks: Attack[] = [
  {
    name: 'turn-abuse',
    sends:
      'an agent’s session: relaying to private, loopback and other addresses, past the quota, by credentials that are over, changed or another’s; SIP and RTP to the media server’s address by the relay',
    perSecond: 80,
    scene: 'relay',
    start: turnAbuse,
  },
  {
    name: 'turn-flood',
    sends: 'requests for an allocation, without and with made-up credentials, from strangers',
    perSecond: 500,
    scene: 'relay',
    start: flood(
      16,
      (n, { turn }) => ({ bytes: allocate(n), port: turn!.port }),
      (bytes) => bytes.length >= 20 && bytes.readUInt16BE(0) === 0x0103,
    ),
  },
];
