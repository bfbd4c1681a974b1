// Which TURN servers can be reached, and how: an allocation is asked for over each transport, with the credentials of this session.
// A relay candidate is the proof that one was granted (RFC 8445 §5.1.1.2, RFC 8656). No audio is sent for it.

import type { IceSettings } from '../../../src/api/contract.ts';
import type { DeskEnvironment, EnvironmentClaimsBody } from '../../../src/api/contracts/environment.ts';

type Reach = EnvironmentClaimsBody['reach'][number];

const withinMs = 6000;

/** All at the same time. The way without a relay shows in the line itself (`directReach`). */
export function tryRelays(ways: DeskEnvironment['ways'], ice: IceSettings): Promise<Reach[]> {
  const relays = ways.filter(({ way }) => way !== 'direct-udp');
  return Promise.all(relays.map(({ way, urls }) => tryRelay(way, urls, ice)));
}

async function tryRelay(way: Reach['way'], urls: readonly string[], ice: IceSettings): Promise<Reach> {
  const { username, credential } = ice.iceServers.find((server) => server.username) ?? {};
  const startedAt = performance.now();
  const connection = new RTCPeerConnection({
    iceServers: [{ urls: [...urls], username: username ?? '', credential: credential ?? '' }],
    iceTransportPolicy: 'relay',
  });
  try {
    const reached = new Promise<boolean>((resolve) => {
      connection.onicecandidate = ({ candidate }) => {
        if (candidate?.type === 'relay') resolve(true);
        // Gathering is over.
        if (candidate === null) resolve(false);
      };
      setTimeout(() => resolve(false), withinMs);
    });
    connection.createDataChannel('way');
    await connection.setLocalDescription();
    const outcome = await reached;
    return { way, reached: outcome, afterMs: outcome ? Math.round(performance.now() - startedAt) : null };
  } catch {
    // A URL that this browser does not take.
    return { way, reached: false, afterMs: null };
  } finally {
    connection.close();
  }
}

/** A line that goes through a relay although it need not: the straight way was shut. */
export function directReach(ways: DeskEnvironment['ways'], line: EnvironmentClaimsBody['line']): Reach[] {
  const way = 'direct-udp' as const;
  if (!ways.some((one) => one.way === way)) return [{ way, reached: null, afterMs: null }];
  if (!line || line.candidate === 'unknown') return [];
  return [{ way, reached: line.candidate !== 'relay' && line.protocol === 'udp', afterMs: null }];
}
