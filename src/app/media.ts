// The media of the program, as configured: who speaks, and the media servers behind one pool.

import { join } from 'node:path';
import type { Config } from '../config.ts';
import { createEmbeddedMedia } from '../media/embedded/embedded-media.ts';
import { createFreeswitchMedia } from '../media/freeswitch/freeswitch-media.ts';
import { createMediaPool, type MediaPool, type PoolMember } from '../media/media-pool.ts';
import type { MediaServer } from '../media/media-server.ts';
import { createPrompts, type Prompts } from '../media/prompts.ts';
import { createSpeech } from '../media/speech.ts';
import { secretOf } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { newId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import { projectRoot } from '../shared/paths.ts';
import { type OpenedSip, placeOf } from './sip.ts';

interface Site {
  log: Logger;
  clock: Clock;
  closer: Closer;
  /** Through which FreeSWITCH is called. */
  sipServers: OpenedSip['servers'];
  /** One of several programs that use the same servers. */
  nodeId?: string;
}

export async function openMedia(config: Config, site: Site): Promise<{ media: MediaPool; prompts: Prompts }> {
  const { log, clock, closer } = site;
  const prompts = openPrompts(config, site);
  const members = await openMembers(config, prompts, site);
  const region = config.sip.kind === 'drachtio' ? config.sip.region : undefined;
  const media = await createMediaPool({ clock, log, members, ...(region === undefined ? {} : { region }) });
  closer.add('media', () => media.close());
  void warmUp(media, log);
  return { media, prompts };
}

function openPrompts(config: Config, { log, closer }: Site): Prompts {
  const { speech: voice } = config;
  const [command = '', ...args] = voice.kind === 'command' ? voice.command : [];
  const speech = createSpeech(voice.kind === 'command' ? { kind: 'command', command, args } : voice);
  closer.add('speech', () => speech.close());
  const prompts = createPrompts({
    log,
    speech,
    promptsFolder: join(projectRoot, 'config', 'prompts'),
    cacheFolder: join(config.dataFolder, 'cache', 'prompts'),
  });
  closer.add('prompts', () => prompts.close());
  return prompts;
}

async function openMembers(
  { media, recording }: Config,
  prompts: Prompts,
  { log, clock, sipServers, nodeId }: Site,
): Promise<PoolMember[]> {
  const mediaTimeoutMs = media.mediaTimeoutSeconds * 1000;
  if (media.kind === 'embedded') {
    const { address, publicAddress, rtpPorts, webrtcPort, engines } = media;
    const server = await createEmbeddedMedia({
      clock,
      log,
      prompts,
      rtpAddress: address,
      rtpPorts,
      webrtcPort,
      engines,
      mediaTimeoutMs,
      ...(publicAddress ? { publicAddress } : {}),
    });
    return [{ name: 'embedded', server }];
  }
  const listen = placeOf(media.listen);
  return Promise.all(
    media.servers.map(async ({ name, host, port, password, profile, region, weight, sounds }, index) => ({
      name: name ?? `${host}:${port}`,
      weight,
      ...(region === undefined ? {} : { region }),
      server: await createFreeswitchMedia({
        clock,
        log,
        prompts,
        mediaTimeoutMs,
        server: { host, port, password: secretOf(password, `media.servers[${index}].password`) },
        sip: sipServers,
        profile,
        // Without other nodes what an earlier run left on FreeSWITCH is nobody's; with them another may go on with it.
        node: nodeId ?? 'engawa',
        strangers: nodeId ? 'leave' : 'end',
        listen: {
          address: listen.host,
          port: listen.port === 0 ? 0 : listen.port + index,
          ...(media.advertisedAddress ? { advertisedAddress: media.advertisedAddress } : {}),
        },
        ...(sounds ? { sharedSounds: sounds } : {}),
        allowSelfSignedRecorder: recording.taps?.selfSigned ?? false,
      }),
    })),
  );
}

/** The first browser's endpoint loads libraries and makes keys: no caller should wait for that. */
async function warmUp(media: MediaServer, log: Logger): Promise<void> {
  try {
    const created = await media.createEndpoint({ callId: newId('call'), profile: 'webrtc' });
    if (created.kind === 'created') await created.endpoint.close();
  } catch (err) {
    log.warn({ err }, 'the media engine could not be warmed up');
  }
}
