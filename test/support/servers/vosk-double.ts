// A speech server as Vosk's is on the wire (alphacep/vosk-server, websocket/asr_server.py): `config`, binary audio, one answer for each
// piece of audio, `eof`. What it understands are tones: a word for each, said when the tone has sounded for a while and then
// stopped or gone on for long enough.

import type { AddressInfo } from 'node:net';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { heardTones } from '../media/tones.ts';

export interface VoskDouble {
  readonly url: string;
  readonly configs: { sample_rate?: number; phrase_list?: string[] }[];
  /** Bytes of audio so far, over all connections. */
  readonly bytes: number;
  /** How it behaves towards whoever connects next. */
  behaviour: 'listens' | 'hangs' | 'refuses' | 'dies' | 'talks-nonsense';
  close(): Promise<void>;
}

const rateHz = 8000;
const windowBytes = rateHz * 2 * 0.1;
/** Windows of 100 ms of one tone that make a word. */
const windowsOfAWord = 4;

export async function startVoskDouble(
  t: { teardown(undo: () => unknown): void },
  words: Readonly<Record<number, string>>,
): Promise<VoskDouble> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise<void>((resolve) => server.once('listening', resolve));
  const double = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    configs: [] as VoskDouble['configs'],
    bytes: 0,
    behaviour: 'listens' as VoskDouble['behaviour'],
    close: () =>
      new Promise<void>((resolve) => {
        for (const client of server.clients) client.terminate();
        server.close(() => resolve());
      }),
  };
  t.teardown(double.close);
  server.on('connection', (socket) => {
    if (double.behaviour === 'refuses') return socket.close();
    serve(socket, double, words);
  });
  return double;
}

function serve(
  socket: WebSocket,
  double: { configs: unknown[]; bytes: number } & VoskDouble,
  words: Record<number, string>,
) {
  const { behaviour } = double;
  let waiting = Buffer.alloc(0);
  let tone = 0;
  let windows = 0;
  const word = () => (windows >= windowsOfAWord ? (words[tone] ?? '') : '');
  const say = (message: unknown) => socket.send(JSON.stringify(message));

  /** True at the end of an utterance. */
  function hear(window: Buffer): boolean {
    const samples = new Int16Array(window.buffer.slice(window.byteOffset, window.byteOffset + window.length));
    const now = heardTones(samples)[0] ?? 0;
    if (now === tone) windows += tone === 0 ? 0 : 1;
    else if (tone !== 0 && word() !== '') return true;
    else [tone, windows] = [now, 1];
    return windows >= windowsOfAWord * 3;
  }

  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (!isBinary) {
      const message = JSON.parse(String(data)) as { config?: object; eof?: number };
      if (message.config) double.configs.push(message.config);
      if (message.eof) {
        say({ text: word() });
        socket.close();
      }
      return;
    }
    const audio = data as Buffer;
    double.bytes += audio.length;
    if (behaviour === 'hangs') return;
    if (behaviour === 'dies') return socket.terminate();
    if (behaviour === 'talks-nonsense') return socket.send('<html>');
    waiting = Buffer.concat([waiting, audio]);
    let ended = false;
    for (; waiting.length >= windowBytes && !ended; waiting = waiting.subarray(windowBytes))
      ended = hear(waiting.subarray(0, windowBytes));
    if (!ended) return say({ partial: word() });
    say({ text: word(), result: [] });
    [tone, windows] = [0, 0];
  });
}
