// The program of an engine process: commands in, replies and events out, over Node's IPC channel.
// It lives as long as its parent: signals meant for the parent are ignored, and when the channel closes it leaves.
// It opens no database, reads no configuration and writes no log of its own.

import { loadOpus } from '../../protocol/rtp/opus.ts';
import { nodeSrtpCrypto, type SrtpCrypto } from '../../protocol/rtp/srtp-crypto.ts';
import { Engine } from './engine/engine.ts';
import { EngineFault } from './engine/engine-fault.ts';
import { dgramSockets } from './engine/sockets/dgram-socket.ts';
import { libcSockets } from './engine/sockets/libc-socket.ts';
import type { UdpSockets } from './engine/sockets/udp-socket.ts';
import { BrowserPort } from './engine/transport/browser-port.ts';
import { loadOpenssl } from './engine/transport/openssl.ts';
import { loadOpensslSrtp } from './engine/transport/openssl-srtp.ts';
import type { BrowserSide } from './engine/transport/transport.ts';
import type { CommandMessage, CommandName, CommandOutput, EngineConfig, EngineMessage } from './engine-protocol.ts';

let engine: Engine | undefined;

function tell(message: EngineMessage): void {
  // When the parent has gone there is nobody to tell, and 'disconnect' ends us.
  if (process.connected) process.send?.(message);
}

const log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) =>
  tell({ event: 'log', level, message, fields });

/** For the WebRTC library, which takes no 0: the configured port, or one that the system knows to be free. */
async function portForLibrary(config: EngineConfig): Promise<number> {
  if (config.webrtcPort !== 0) return config.webrtcPort;
  const socket = await dgramSockets.open(config.rtpAddress, 0);
  if (!socket) throw new EngineFault('media-unavailable', 'no UDP port is free for browsers');
  await socket.close();
  return socket.port;
}

/** The cheapest sockets that this machine has. */
function chooseSockets(config: EngineConfig): UdpSockets {
  const cheap = config.sockets === 'dgram' ? 'not wanted' : libcSockets();
  if (typeof cheap !== 'string') return cheap;
  log('info', 'RTP goes through the sockets of Node.js, at twice the cost', { because: cheap });
  return dgramSockets;
}

/** The cheapest cryptography that this machine has. */
function chooseSrtp(config: EngineConfig): SrtpCrypto {
  const cheap = config.sockets === 'dgram' ? 'not wanted' : loadOpensslSrtp();
  return typeof cheap === 'string' ? nodeSrtpCrypto : cheap;
}

/** Ours where OpenSSL can be called, else the WebRTC library's. */
async function openBrowserSide(config: EngineConfig, sockets: UdpSockets, srtp: SrtpCrypto): Promise<BrowserSide> {
  const { rtpAddress: address, webrtcPort: port } = config;
  const openssl = config.sockets === 'dgram' ? 'not wanted' : loadOpenssl();
  if (typeof openssl !== 'string') {
    const side = await BrowserPort.listen({ sockets, openssl, srtp, address, port });
    if (side) return side;
    throw new EngineFault('media-unavailable', `UDP port ${port} of ${address}, for browsers, is taken`);
  }
  log('info', 'browsers are served by the WebRTC library, at twice the cost', { because: openssl });
  // Its native part is loaded where it is used only.
  const { logWebrtcWith, openLibrarySide } = await import('./engine/transport/library-transport.ts');
  logWebrtcWith((level, message) =>
    log(level === 'Error' || level === 'Fatal' ? 'warn' : 'debug', 'WebRTC library', { message }),
  );
  return openLibrarySide(address, await portForLibrary(config));
}

async function start(config: EngineConfig): Promise<CommandOutput<'start'>> {
  const [udp, srtp] = [chooseSockets(config), chooseSrtp(config)];
  const [browsers, opus] = await Promise.all([openBrowserSide(config, udp, srtp), loadOpus()]);
  const webrtcPort = browsers.port;
  log('debug', 'browsers are served on one UDP port', { webrtcPort });
  engine = new Engine({
    config,
    browsers,
    srtp,
    udp,
    opus,
    endpointEvent: (endpoint, name, detail) =>
      tell({ event: 'endpoint', endpoint, name, detail } as unknown as EngineMessage),
    playEnded: (endpoint, play, how) => tell({ event: 'playEnded', endpoint, play, how }),
    log,
  });
  return { webrtcPort };
}

function running(): Engine {
  if (!engine) throw new EngineFault('media-unavailable', 'the engine has not been started');
  return engine;
}

function run(message: CommandMessage): unknown {
  switch (message.command) {
    case 'start':
      return start(message.input);
    case 'health':
      return running().health();
    default: {
      const methods = running() as unknown as Record<CommandName, (input: unknown) => unknown>;
      return methods[message.command](message.input);
    }
  }
}

async function onCommand(message: CommandMessage): Promise<void> {
  try {
    tell({ reply: message.id, ok: true, output: await run(message) });
  } catch (error) {
    const code = error instanceof EngineFault ? error.code : 'internal';
    if (code === 'internal')
      log('error', 'media command failed', {
        command: message.command,
        error: String(error instanceof Error ? error.stack : error),
      });
    tell({ reply: message.id, ok: false, code, message: error instanceof Error ? error.message : String(error) });
  }
}

// What one party's packet provokes must not end the calls of the others. A process that is really broken stops answering, and
// its parent replaces it.
process.on('uncaughtException', (error) => log('error', 'media engine fault', { error: String(error.stack ?? error) }));

process.on('message', (message) => void onCommand(message as CommandMessage));
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => log('debug', 'signal left to the parent', { signal }));
