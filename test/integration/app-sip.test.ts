// The SIP section of a configuration, opened: our own server with its control port for other nodes, and what it refuses.

import { connect } from 'node:net';
import t from 'tap';
import { openSip } from '../../src/app/sip.ts';
import { parseConfig } from '../../src/config.ts';
import { createFrameReader, encodeFrame } from '../../src/sbc/embedded/control/framing.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createCloser } from '../../src/shared/closer.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';

const configured = (control: string) =>
  parseConfig(
    `demo: true\nsip: {kind: embedded, listen: ['udp/127.0.0.1:0'], control: {listen: '${control}', secret: 'env:PORT_SECRET'}}`,
    'engawa.yaml',
  ).config;

t.test('the control port for other nodes takes the secret, and nothing before it', async (t) => {
  process.env['PORT_SECRET'] = 'sixteen characters';
  const closer = createCloser();
  t.teardown(() => closer.close());
  const opened = await openSip(configured('127.0.0.1:0'), { log: silentLogger, clock: systemClock, closer });
  t.match(opened.servers, [{ name: 'own', host: '127.0.0.1', secret: 'sixteen characters' }]);
  t.equal(opened.control?.port, opened.servers[0]!.port);

  const says = async (...payloads: string[]) => {
    const socket = connect(opened.control!);
    const reader = createFrameReader();
    const heard: string[] = [];
    let closed = false;
    socket.on('data', (chunk) => {
      const result = reader.push(chunk);
      if (result.kind === 'frames') heard.push(...result.payloads);
    });
    socket.on('close', () => {
      closed = true;
    });
    for (const payload of payloads) socket.write(encodeFrame(payload));
    await eventually('an answer to the last', () => closed || heard.length === payloads.length);
    socket.destroy();
    return { heard: heard.join('\n'), closed };
  };
  t.match(await says('1|route|invite'), { heard: /NO\|authenticate first/, closed: true });
  t.match(await says('1|authenticate|wrong|'), { heard: /NO\|incorrect secret/, closed: true });
  t.match(await says('1|authenticate|sixteen characters|', '2|route|invite'), {
    heard: /OK\|udp[\s\S]*response\|2\|OK/,
  });
});

t.test('beyond loopback a short secret is refused, with a sentence', async (t) => {
  process.env['PORT_SECRET'] = 'short';
  const closer = createCloser();
  t.teardown(() => closer.close());
  const site = { log: silentLogger, clock: systemClock, closer };
  await t.rejects(openSip(configured('192.0.2.1:9022'), site), { code: 'config-invalid', message: /16 characters/ });
});
