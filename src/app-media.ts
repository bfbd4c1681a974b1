// The media of the program, as configured: who speaks, and the media servers behind one pool.

import { join } from 'node:path';
import type { Config } from './config.ts';
import { createEmbeddedMedia } from './media/embedded/embedded-media.ts';
import { createMediaPool, type MediaPool, type PoolMember } from './media/media-pool.ts';
import type { MediaServer } from './media/media-server.ts';
import { createPrompts, type Prompts } from './media/prompts.ts';
import { createSpeech } from './media/speech.ts';
import type { Clock } from './shared/clock.ts';
import type { Closer } from './shared/closer.ts';
import { newId } from './shared/ids.ts';
import type { Logger } from './shared/logger.ts';
import { projectRoot } from './shared/paths.ts';

interface Site {
  log: Logger;
  clock: Clock;
  closer: Closer;
}

export async function openMedia(config: Config, site: Site): Promise<{ media: MediaPool; prompts: Prompts }> {
  const { log, clock, closer } = site;
  const prompts = openPrompts(config, site);
  const members = await openMembers(config, prompts, site);
  const media = await createMediaPool({ clock, log, members });
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

async function openMembers(config: Config, prompts: Prompts, { log, clock }: Site): Promise<PoolMember[]> {
  const { address, publicAddress, rtpPorts, webrtcPort, engines, mediaTimeoutSeconds } = config.media;
  const server = await createEmbeddedMedia({
    clock,
    log,
    prompts,
    rtpAddress: address,
    rtpPorts,
    webrtcPort,
    engines,
    mediaTimeoutMs: mediaTimeoutSeconds * 1000,
    ...(publicAddress ? { publicAddress } : {}),
  });
  return [{ name: 'embedded', server }];
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
