// Fetches what there is of a recording, sealed, and has it opened in a worker. Nothing is cached; nothing outlives the player.

import type { Problem } from '../../../src/api/contract.ts';
import type { PlayView } from '../../../src/api/contracts/playback.ts';
import { ApiProblem } from '../api/client.ts';
import type { Refused } from '../text/refusals.ts';
import type { Opened, ToOpen } from './open-worker.ts';

const fetchesAtOnce = 6;

export async function openSealed(recordingId: string, play: PlayView, identities: string[]): Promise<Opened> {
  const parts: ToOpen['parts'] = [];
  for (let at = 0; at < play.parts.length; at += fetchesAtOnce) {
    const some = play.parts.slice(at, at + fetchesAtOnce);
    parts.push(...(await Promise.all(some.map(({ name }, index) => fetchPart(recordingId, play, at + index, name)))));
  }
  const worker = new Worker(new URL('./open-worker.ts', import.meta.url), { type: 'module' });
  try {
    return await new Promise<Opened>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Opened>) => resolve(data);
      worker.onerror = () => reject(new Error('the worker that opens recordings failed'));
      worker.postMessage(
        { parts, identities } satisfies ToOpen,
        parts.map(({ bytes }) => bytes.buffer as ArrayBuffer),
      );
    });
  } finally {
    worker.terminate();
  }
}

async function fetchPart(recordingId: string, { token }: PlayView, index: number, name: string) {
  const response = await fetch(
    `/api/v1/recordings/${encodeURIComponent(recordingId)}/parts/${index}?play=${encodeURIComponent(token)}`,
    { cache: 'no-store' },
  ).catch((thrown: unknown) => {
    throw new ApiProblem(0, 'unreachable', String(thrown));
  });
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
    throw new ApiProblem(response.status, (problem.code as Refused | undefined) ?? 'unavailable', response.statusText);
  }
  return { name, bytes: new Uint8Array(await response.arrayBuffer()) };
}
