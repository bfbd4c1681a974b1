// A reader of Server-Sent Events over real HTTP, which can also stop reading.

import { type ClientRequest, type IncomingMessage, request } from 'node:http';

export interface SentEvent {
  id?: string;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  data: any;
}

export interface EventSourceReader {
  readonly events: SentEvent[];
  readonly comments: number;
  readonly status: number;
  readonly ended: boolean;
  pause(): void;
  resume(): void;
  close(): void;
}

export function readEvents(url: string, headers: Record<string, string>): Promise<EventSourceReader> {
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request(url, { headers, agent: false }, (response) => resolve(reader(sent, response)));
    sent.on('error', reject).end();
  });
}

function reader(sent: ClientRequest, response: IncomingMessage): EventSourceReader {
  const events: SentEvent[] = [];
  let comments = 0;
  let ended = false;
  let rest = '';
  // A cut connection is what some tests are about.
  sent.on('error', () => undefined);
  response.on('error', () => undefined);
  response.on('close', () => {
    ended = true;
  });
  response.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      if (block.startsWith(':')) comments += 1;
      const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s).slice(0, 2) as [string, string]));
      const event = fields.get('event');
      if (event) events.push({ id: fields.get('id'), event, data: JSON.parse(fields.get('data') ?? 'null') });
    }
  });
  return {
    events,
    get comments() {
      return comments;
    },
    status: response.statusCode ?? 0,
    get ended() {
      return ended;
    },
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => sent.destroy(),
  };
}
