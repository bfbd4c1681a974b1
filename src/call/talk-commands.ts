// The commands of transfers, supervision and steps, of a call that this node has.

import type { CallId } from '../shared/ids.ts';
import { agentPartyOf, type CallState, type Centre } from './call-state.ts';
import type { CommandOutcome, TalkCommands } from './desk.ts';
import { handOver } from './steps/hand-over.ts';
import { piiCameUp } from './steps/pii-came-up.ts';
import { endMonitor, monitor } from './supervise/monitor.ts';
import { pauseByHand } from './talk/recording-pause.ts';
import { transferOutside, transferToPerson } from './transfer/blind.ts';
import { consult } from './transfer/consult.ts';
import { complete, conference, endConsultation, swap } from './transfer/consult-commands.ts';
import { park, retrieve } from './transfer/park.ts';

export type RunCommand = (
  callId: CallId,
  run: (call: CallState) => Promise<CommandOutcome> | CommandOutcome,
) => Promise<CommandOutcome>;

export function talkCommands(centre: () => Centre, command: RunCommand): TalkCommands {
  return {
    transferToPerson: (callId, personId) => command(callId, (call) => transferToPerson(centre(), call, personId)),
    transferOutside: (callId, target) => command(callId, (call) => transferOutside(centre(), call, target)),
    consult: (callId, target) => command(callId, (call) => consult(centre(), call, target)),
    swap: (callId) => command(callId, (call) => swap(centre(), call)),
    conference: (callId) => command(callId, (call) => conference(centre(), call)),
    completeTransfer: (callId) => command(callId, (call) => complete(centre(), call)),
    endConsultation: (callId) => command(callId, (call) => endConsultation(centre(), call)),
    leave: (callId, personId) =>
      command(callId, (call) => {
        if (!agentPartyOf(call, personId)) return { kind: 'conflict', because: 'Nobody is connected to this call.' };
        centre().agentHungUp(call, personId);
        return { kind: 'ok' };
      }),
    park: (callId) => command(callId, (call) => park(centre(), call)),
    retrieve: (callId, personId) => command(callId, (call) => retrieve(centre(), call, personId)),
    monitor: (callId, personId, mode) => command(callId, (call) => monitor(centre(), call, personId, mode)),
    endMonitor: (callId, personId) => command(callId, (call) => endMonitor(centre(), call, personId, 'ended')),
    handOver: (callId, personId, wanted) => command(callId, (call) => handOver(centre(), call, personId, wanted)),
    pauseRecording: (callId, paused) => command(callId, (call) => pauseByHand(centre(), call, paused)),
    piiCameUp: (callId) => command(callId, (call) => piiCameUp(centre(), call)),
  };
}
