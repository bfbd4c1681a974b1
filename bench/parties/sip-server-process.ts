// The embedded SIP server in a process of its own, as `engawa sip-server` runs it.

import { createSipServer, type SipServer } from '../../src/sbc/embedded/sip-server.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createLogger } from '../../src/shared/logger.ts';
import { answerParent } from '../processes.ts';

let server: SipServer | undefined;

answerParent(async (request: { start: { secret: string } } | { stats: true }) => {
  if ('start' in request) {
    server = await createSipServer({
      clock: systemClock,
      log: createLogger({ level: 'warn' }),
      control: { host: '127.0.0.1', port: 0, secret: request.start.secret },
      sip: ['udp/127.0.0.1:0'],
    });
    const { control, sip } = server.listening;
    return { control, sip: { host: sip[0]!.localAddress, port: sip[0]!.localPort } };
  }
  return server?.stats();
});
