// The program of an engine process: commands in, replies and events out, over Node's IPC channel.
// It lives as long as its parent: signals meant for the parent are ignored, and when the channel closes it leaves.
// It opens no database, reads no configuration and writes no log of its own.

import { loadOpus } from '../../protocol/rtp/opus.ts';
import { Engine } from './engine/engine.ts';
import { EngineFault } from './engine/engine-fault.ts';
import { dgramSockets } from './engine/transport/dgram-socket.ts';
import { libcSockets } from './engine/transport/libc-socket.ts';
import type { UdpSockets } from './engine/transport/udp-socket.ts';
import { holdWebrtcPort, logWebrtcWith } from './engine/transport/webrtc-transport.ts';
import type { CommandMessage, CommandName, CommandOutput, EngineConfig, EngineMessage } from './engine-protocol.ts';

let engine: Engine | undefined;

function tell(message: EngineMessage): void {
  // When the parent has gone there is nobody to tell, and 'disconnect' ends us.
  if (process.connected) process.send?.(message);
}

const log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) =>
  tell({ event: 'log', level, message, fields });

/** A port for browsers: the configured one, or one that the system knows to be free. */
async function chooseWebrtcPort(config: EngineConfig): Promise<number> {
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

async function start(config: EngineConfig): Promise<CommandOutput<'start'>> {
  logWebrtcWith((level, message) =>
    log(level === 'Error' || level === 'Fatal' ? 'warn' : 'debug', 'WebRTC library', { message }),
  );
  const [webrtcPort, opus] = await Promise.all([chooseWebrtcPort(config), loadOpus()]);
  const held = holdWebrtcPort(webrtcPort, config.rtpAddress);
  log('debug', 'browsers are served on one UDP port', { webrtcPort });
  engine = new Engine({
    config,
    webrtcPort,
    udp: chooseSockets(config),
    opus,
    endpointEvent: (endpoint, name, detail) =>
      tell({ event: 'endpoint', endpoint, name, detail } as unknown as EngineMessage),
    playEnded: (endpoint, play, how) => tell({ event: 'playEnded', endpoint, play, how }),
    log,
    onShutdown: () => held.release(),
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
