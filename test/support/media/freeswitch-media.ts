// FreeSWITCH as the media server of tests: one that already runs, named in ENGAWA_TEST_FREESWITCH=host:port:password of its event
// socket, called through our own SIP server. Without it these tests are skipped and say so; REQUIRE_PEERS does not change that,
// because Debian does not package it.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import {
  createFreeswitchMedia,
  type FreeswitchMedia,
  type FreeswitchMediaNeeds,
} from '../../../src/media/freeswitch/freeswitch-media.ts';
import { createPrompts } from '../../../src/media/prompts.ts';
import { createSpeech } from '../../../src/media/speech.ts';
import { createSipServer } from '../../../src/sbc/embedded/sip-server.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { type Logger, silentLogger } from '../../../src/shared/logger.ts';
import { projectRoot } from '../../../src/shared/paths.ts';

export interface FreeswitchAddress {
  host: string;
  port: number;
  password: string;
}

export const freeswitchAddress = readAddress(process.env['ENGAWA_TEST_FREESWITCH']);

/** Why tests on FreeSWITCH are skipped; false when they run. */
export const withoutFreeswitch: string | false = freeswitchAddress
  ? false
  : 'no FreeSWITCH runs for tests: set ENGAWA_TEST_FREESWITCH=host:port:password of its event socket';

function readAddress(text: string | undefined): FreeswitchAddress | undefined {
  const [host, port, ...password] = text?.split(':') ?? [];
  return host && port ? { host, port: Number(port), password: password.join(':') } : undefined;
}

const secret = 'tell-nobody';

export interface FreeswitchRig {
  /** The SIP server through which FreeSWITCH is called. */
  sip: { host: string; port: number; secret: string };
  open(more?: Partial<FreeswitchMediaNeeds>): Promise<FreeswitchMedia>;
}

/** A SIP server of the test's own, and media servers on FreeSWITCH that go through it. */
export async function freeswitchRig(t: Test, { log = silentLogger }: { log?: Logger } = {}): Promise<FreeswitchRig> {
  const server = await createSipServer({
    clock: systemClock,
    log,
    control: { host: '127.0.0.1', port: 0, secret },
    sip: ['udp/127.0.0.1:0'],
  });
  t.teardown(() => server.close());
  const sip = { ...server.listening.control, secret };
  let opened = 0;
  return {
    sip,
    open: (more = {}) =>
      createFreeswitchMedia({
        clock: systemClock,
        log,
        prompts: createPrompts({
          log,
          speech: createSpeech({ kind: 'espeak' }),
          promptsFolder: join(projectRoot, 'config/prompts'),
          cacheFolder: join(tmpdir(), 'engawa-test-sounds'),
        }),
        server: freeswitchAddress ?? { host: '127.0.0.1', port: 8021, password: '' },
        sip: [sip],
        listen: { address: '127.0.0.1', port: 0 },
        // Nodes of one FreeSWITCH need names of their own: tests run at the same time.
        node: `test-${process.pid}-${opened++}`,
        mediaTimeoutMs: 1500,
        ...more,
      }),
  };
}
