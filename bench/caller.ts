// The smallest caller that can be: sends requests of one call over UDP, word for word, and waits for what comes back. It repeats
// nothing and follows no route, which is enough towards a server on this machine and adds nothing to what is measured.

import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';

export async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

export class Caller {
  private readonly sip: Socket;
  private readonly to: { host: string; port: number };
  private readonly number: string;
  readonly callId = randomBytes(8).toString('hex');
  private readonly fromTag = randomBytes(4).toString('hex');
  private readonly waiting: { fits: (text: string) => boolean; resolve: (text: string) => void }[] = [];

  constructor(sip: Socket, to: { host: string; port: number }, number: string) {
    this.sip = sip;
    this.to = to;
    this.number = number;
    sip.on('message', (bytes) => {
      const text = bytes.toString();
      for (const each of this.waiting.filter(({ fits }) => fits(text))) {
        this.waiting.splice(this.waiting.indexOf(each), 1);
        each.resolve(text);
      }
    });
  }

  /** The first message that fits, from now on. */
  heard(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ fits: (text) => pattern.test(text), resolve });
      setTimeout(() => reject(new Error(`nothing like ${pattern} came within 10 s`)), 10_000).unref();
    });
  }

  send(method: string, cseq: number, toTag: string, body = ''): void {
    const { host, port } = this.to;
    const own = `127.0.0.1:${this.sip.address().port}`;
    const lines = [
      `${method} sip:${this.number}@${host}:${port} SIP/2.0`,
      `Via: SIP/2.0/UDP ${own};branch=z9hG4bK${randomBytes(6).toString('hex')};rport`,
      'Max-Forwards: 70',
      `From: <sip:0312345678@127.0.0.1>;tag=${this.fromTag}`,
      `To: <sip:${this.number}@${host}>${toTag === '' ? '' : `;tag=${toTag}`}`,
      `Call-ID: ${this.callId}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:caller@${own}>`,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    this.sip.send(`${lines.join('\r\n')}\r\n\r\n${body}`, port, host);
  }
}
