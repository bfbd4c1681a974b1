// Our own media engine: is it started, and does it do a DTLS handshake with a caller on this machine, at the configured address.

import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { createEmbeddedMedia } from '../../media/embedded/embedded-media.ts';
import { createPrompts } from '../../media/prompts.ts';
import { createSpeech } from '../../media/speech.ts';
import { systemClock } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import { projectRoot } from '../../shared/paths.ts';
import { createDtlsCaller } from './dtls-caller.ts';
import { error, type Finding, ok } from './finding.ts';

type Embedded = Extract<Config['media'], { kind: 'embedded' }>;

const handshakeMs = 10_000;

export async function checkEmbeddedMedia(media: Embedded, dataFolder: string, running: boolean): Promise<Finding[]> {
  const everywhere = media.address === '0.0.0.0' || media.address === '::';
  const near = everywhere ? '127.0.0.1' : media.address;
  const log = silentLogger;
  const speech = createSpeech({ kind: 'espeak' });
  const prompts = createPrompts({
    log,
    speech,
    promptsFolder: join(projectRoot, 'config', 'prompts'),
    cacheFolder: join(dataFolder, 'cache', 'prompts'),
  });
  const server = await createEmbeddedMedia({
    clock: systemClock,
    log,
    prompts,
    rtpAddress: media.address,
    // A running Engawa has the ports.
    rtpPorts: running ? { from: 0, to: 0 } : media.rtpPorts,
    webrtcPort: running ? 0 : media.webrtcPort,
    engines: 1,
    mediaTimeoutMs: 30_000,
    // What is offered outside may be out of reach from here (NAT): the handshake is made with the machine itself.
    ...(everywhere ? { publicAddress: near } : {}),
  });
  const caller = await createDtlsCaller(near);
  try {
    const created = await server.createEndpoint({ callId: newId('call'), sdpOffer: caller.offer });
    if (created.kind !== 'created')
      return [error(`The media engine does not take a browser’s offer: ${created.because}`)];
    const up = await caller.handshake(created.endpoint.localSdp, handshakeMs);
    await created.endpoint.close();
    return [
      up
        ? ok(`The media engine does ICE and DTLS at ${near}.`)
        : error(
            `The media engine does not come through ICE and DTLS at ${near}: does a firewall on this machine drop UDP?`,
          ),
    ];
  } finally {
    caller.close();
    await server.close();
    await prompts.close();
    await speech.close();
  }
}
