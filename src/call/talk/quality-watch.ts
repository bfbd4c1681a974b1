// Looks at the agents' media every few seconds, so that desk and supervisor see a bad line while it is bad.

import type { Clock, Timer } from '../../shared/clock.ts';
import type { CallState, Centre } from '../call-state.ts';

const everyMs = 5000;

export function watchQuality(centre: Centre, clock: Clock): Timer {
  return clock.every(everyMs, () => {
    for (const call of centre.calls.values()) void look(centre, call);
  });
}

async function look(centre: Centre, call: CallState): Promise<void> {
  const agent = call.agent;
  if (!agent || agent.detachedAt !== null) return;
  try {
    call.quality = await agent.endpoint.stats();
    if (call.agent === agent) centre.deskChanged(agent.personId);
  } catch (err) {
    call.log.debug({ err }, 'no quality figures');
  }
}
