// Lets go of somebody's side of a call: leg and media end, the rest of the call stays. What the log and the ACD are told of it
// is the verb's that lets go.

import type { EndCause } from '../../shared/events.ts';
import type { CallState, Party } from '../call-state.ts';
import { unattended } from '../parts.ts';

export function dismiss(call: CallState, { leg, endpoint }: Party, cause: EndCause = 'transferred'): void {
  unattended(call.log, 'end the leg of a party', leg.end(cause));
  unattended(call.log, 'free the media of a party', endpoint.close());
}
