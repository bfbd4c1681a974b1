// The load balancer in front of the pages of several nodes, as an operator has one: HTTP and WebSockets to whichever node answers
// `/healthz` with 200, in turns. It knows nothing of Engawa but that path.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

interface Teardown {
  teardown(undo: () => unknown): void;
}

const askEveryMs = 200;

/** `nodes` is asked anew each time: nodes come and go. Gives the URL that browsers type. */
export async function openFrontDoor(t: Teardown, nodes: () => readonly string[]): Promise<string> {
  let healthy: string[] = [];
  let turn = 0;
  const sockets = new Set<Socket>();
  const next = () => healthy[turn++ % Math.max(1, healthy.length)];

  async function ask(): Promise<void> {
    const answers = await Promise.all(
      nodes().map(async (url) => {
        const answer = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(5000) }).catch(() => null);
        await answer?.body?.cancel();
        return answer?.status === 200 ? [url] : [];
      }),
    );
    healthy = answers.flat();
  }
  let asking = ask();
  const timer = setInterval(() => {
    asking = asking.then(ask);
  }, askEveryMs);

  function pass(asked: IncomingMessage, answer: ServerResponse): void {
    const target = next();
    const failed = () => (answer.headersSent ? answer.destroy() : answer.writeHead(503).end());
    if (!target) return void failed();
    const { method, url, headers } = asked;
    const onward = request(new URL(url ?? '/', target), { method, headers, agent: false }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.on('error', failed).pipe(answer);
    });
    onward.on('error', failed);
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  }

  function tunnel(asked: IncomingMessage, client: Socket, head: Buffer): void {
    const target = next();
    if (!target) return void client.destroy();
    const { hostname, port } = new URL(target);
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const lines = asked.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : []));
    upstream.write([`${asked.method} ${asked.url} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
    upstream.write(head);
    client.pipe(upstream).pipe(client);
  }

  const server = createServer(pass);
  server.on('upgrade', (asked, client, head) => tunnel(asked, client as Socket, head));
  await asking;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await asking;
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
