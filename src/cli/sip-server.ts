// `engawa sip-server`: the embedded SIP server alone, for anyone who develops on drachtio without Docker.
// Reads its options, starts, prints where it listens, and closes on SIGINT or SIGTERM.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createSipServer, type SipServerOptions } from '../sbc/embedded/sip-server.ts';
import { systemClock } from '../shared/clock.ts';
import { asError } from '../shared/errors.ts';
import { createLogger } from '../shared/logger.ts';

const help = `engawa sip-server: a SIP server that speaks the drachtio control protocol

  --control HOST:PORT        where applications connect (127.0.0.1:9022)
  --secret TEXT              what they must say; or the environment variable ENGAWA_SIP_SECRET
  --control-tls              TLS on the control port, with --tls-cert and --tls-key
  --sip PROTOCOL/HOST:PORT   a SIP transport: udp, tcp, tls, ws or wss; may be given again (udp/127.0.0.1:5060)
  --tls-cert FILE            certificate for tls and wss, PEM
  --tls-key FILE             its key, PEM
  --external-address HOST    what peers outside private networks are told instead of our own address
  --min-session-seconds N    shortest session interval accepted, RFC 4028 (90)
  --session-seconds N        session interval to ask for; 0 asks for none (0)
  --orphan-seconds N         how long a call outlives its application, to be taken up by another (10)
  --request-handler VERB=URL asks URL what to do with a new request (http, https), or dials it (tcp, tls); VERB may be *
  --log LEVEL                trace, debug, info, warn, error, silent (info)
  --help
`;

const options = {
  control: { type: 'string', default: '127.0.0.1:9022' },
  secret: { type: 'string' },
  'control-tls': { type: 'boolean', default: false },
  sip: { type: 'string', multiple: true },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'external-address': { type: 'string' },
  'min-session-seconds': { type: 'string', default: '90' },
  'session-seconds': { type: 'string', default: '0' },
  'orphan-seconds': { type: 'string', default: '10' },
  'request-handler': { type: 'string', multiple: true },
  log: { type: 'string', default: 'info' },
  help: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parse>;

function parse(argv: string[]) {
  return parseArgs({ args: argv, options, strict: true, allowPositionals: false }).values;
}

/** Runs until it is told to stop. Returns the exit code. */
export async function run(argv: string[]): Promise<number> {
  let values: Values;
  try {
    values = parse(argv);
  } catch (thrown) {
    process.stderr.write(`${asError(thrown).message}\n\n${help}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const wanted = serverOptions(values);
  if (typeof wanted === 'string') {
    process.stderr.write(`${wanted}\n`);
    return 2;
  }
  try {
    const server = await createSipServer(wanted);
    const { control, sip } = server.listening;
    const transports = sip.map((flow) => `${flow.protocol}/${flow.localAddress}:${flow.localPort}`);
    process.stdout.write(`applications: ${control.host}:${control.port}\nsip: ${transports.join(' ')}\n`);
    await stopSignal();
    await server.close();
    return 0;
  } catch (thrown) {
    process.stderr.write(`${asError(thrown).message}\n`);
    return 1;
  }
}

/** A sentence when something is missing or wrong. */
function serverOptions(values: Values): SipServerOptions | string {
  const secret = values.secret ?? process.env['ENGAWA_SIP_SECRET'];
  if (!secret) return 'A secret is needed: --secret, or ENGAWA_SIP_SECRET in the environment.';
  const place = /^(.*):(\d+)$/.exec(values.control);
  if (!place) return `--control ${values.control} is not HOST:PORT.`;
  const certFile = values['tls-cert'];
  const keyFile = values['tls-key'];
  if ((certFile === undefined) !== (keyFile === undefined)) return '--tls-cert and --tls-key belong together.';
  const tls = certFile && keyFile ? { cert: readFileSync(certFile), key: readFileSync(keyFile) } : undefined;
  if (values['control-tls'] && !tls) return '--control-tls needs --tls-cert and --tls-key.';
  const minSeconds = Number(values['min-session-seconds']);
  const offerSeconds = Number(values['session-seconds']);
  if (!(minSeconds >= 90)) return '--min-session-seconds must be at least 90 (RFC 4028 §5).';
  if (!(offerSeconds === 0 || offerSeconds >= minSeconds))
    return '--session-seconds must be 0 or at least the minimum.';
  const orphanSeconds = Number(values['orphan-seconds']);
  if (!(orphanSeconds >= 0)) return '--orphan-seconds must be 0 or more.';
  const requestHandlers = (values['request-handler'] ?? []).map((text) => {
    const at = text.indexOf('=');
    return { method: text.slice(0, at), url: text.slice(at + 1) };
  });
  if (requestHandlers.some(({ method }) => method === '')) return '--request-handler is written VERB=URL.';
  return {
    clock: systemClock,
    log: createLogger({ level: values.log }),
    control: { host: place[1]!, port: Number(place[2]), secret, ...(values['control-tls'] ? { tls } : {}) },
    sip: values.sip ?? ['udp/127.0.0.1:5060'],
    tls,
    externalAddress: values['external-address'],
    sessionTimers: { minSeconds, offerSeconds },
    timers: { orphanMs: orphanSeconds * 1000 },
    requestHandlers,
  };
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
