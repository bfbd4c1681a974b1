// The media servers, of whichever kind. FreeSWITCH is called by way of the SIP server, as real calls are.

import { randomBytes } from 'node:crypto';
import { drachtioServers, placeOf } from '../../app/sip.ts';
import { type Config, hostOf } from '../../config.ts';
import { createSipServer } from '../../sbc/embedded/sip-server.ts';
import { secretOf } from '../../secrets.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLogger } from '../../shared/logger.ts';
import { checkEmbeddedMedia } from './embedded-media.ts';
import { type Finding, type Patient, warning } from './finding.ts';
import { checkFreeswitch, type FreeswitchCheck } from './freeswitch.ts';

export function checkMedia({ config, running }: Patient): Promise<Finding[]> {
  return config.media.kind === 'embedded'
    ? checkEmbeddedMedia(config.media, config.dataFolder, running)
    : checkFleet(config.media, config.sip, running);
}

type Fleet = Extract<Config['media'], { kind: 'freeswitch' }>;

/** Event sockets of the configuration, with their passwords. */
export function eventSocketsOf(media: Fleet): (FreeswitchCheck['eventSocket'] & { profile: string })[] {
  return media.servers.map(({ host, port, password, profile }, index) => ({
    host,
    port,
    profile,
    password: secretOf(password, `media.servers[${index}].password`),
  }));
}

async function checkFleet(media: Fleet, sip: Config['sip'], running: boolean): Promise<Finding[]> {
  const through = await openSip(sip);
  const listen = placeOf(media.listen);
  const findings: Finding[] = [];
  try {
    for (const [index, { profile, ...eventSocket }] of eventSocketsOf(media).entries()) {
      // Engawa itself has the port while it runs.
      const port = running || listen.port === 0 ? 0 : listen.port + index;
      const reverse = {
        host: listen.host,
        port,
        ...(media.advertisedAddress ? { advertised: media.advertisedAddress } : {}),
      };
      findings.push(...(await checkFreeswitch({ eventSocket, profile, sip: through.control, reverse })));
    }
  } finally {
    await through.close();
  }
  if (running && listen.port !== 0)
    findings.push(
      warning(
        `The way back from FreeSWITCH was tried on a free port, as Engawa has ${media.listen}: where a firewall lets only that one through, stop Engawa and look again.`,
      ),
    );
  return findings;
}

/** Our own SIP server is started anew beside the one that may run: it only sends. */
async function openSip(sip: Config['sip']): Promise<{ control: FreeswitchCheck['sip']; close(): Promise<void> }> {
  if (sip.kind === 'drachtio') {
    const [first] = drachtioServers(sip).servers;
    if (!first) throw new Error('sip.servers is empty');
    return { control: first, close: async () => undefined };
  }
  const secret = randomBytes(16).toString('hex');
  const host = hostOf(sip.listen[0] ?? 'udp/127.0.0.1:0');
  const server = await createSipServer({
    clock: systemClock,
    log: silentLogger,
    control: { host: '127.0.0.1', port: 0, secret },
    sip: [`udp/${host}:0`, `tcp/${host}:0`],
  });
  return { control: { ...server.listening.control, secret }, close: () => server.close() };
}
