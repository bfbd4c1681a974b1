// drachtio-servers that run already, for tests that can do with one: ENGAWA_TEST_DRACHTIO=HOST:CONTROL_PORT:SECRET, several separated
// by commas. What such a server needs is in docs/drachtio-server.md.

import type { SipServerAddress } from '../../../src/sbc/border.ts';

export const drachtioServers: readonly SipServerAddress[] = readServers(process.env['ENGAWA_TEST_DRACHTIO']);

function readServers(text: string | undefined): SipServerAddress[] {
  return (text ?? '').split(',').flatMap((one) => {
    if (one.trim() === '') return [];
    const [host = '', port = '', ...secret] = one.trim().split(':');
    if (!host || !(Number(port) > 0) || secret.length === 0)
      throw new Error('ENGAWA_TEST_DRACHTIO is written HOST:CONTROL_PORT:SECRET, several separated by commas.');
    return [{ host, port: Number(port), secret: secret.join(':') }];
  });
}
