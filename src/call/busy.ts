// Whether somebody has to do with a call: then their session is not ended under it, be the page ever so idle. Pure.

import type { AgentState } from '../shared/events.ts';
import type { PersonId } from '../shared/ids.ts';
import type { DeskState, MonitorView } from './desk.ts';

/** After-call work counts: its notes would be lost. */
const withCalls: ReadonlySet<AgentState> = new Set<AgentState>(['reserved', 'alerting', 'on-call', 'after-call-work']);

/**
 * On whichever device a call is, own telephones too; as agent, as a colleague who is asked, or as a supervisor with an agent.
 * `desk`: undefined for who has none.
 */
export function isBusy(
  personId: PersonId,
  desk: Pick<DeskState, 'agent' | 'call'> | undefined,
  monitors: readonly Pick<MonitorView, 'personId'>[],
): boolean {
  if (desk && (desk.call !== null || withCalls.has(desk.agent.state))) return true;
  return monitors.some((one) => one.personId === personId);
}
