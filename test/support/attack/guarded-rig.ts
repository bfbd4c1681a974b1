// The border on our own SIP server with its guard, a carrier that is known (127.0.0.1) and strangers at other addresses of loopback.

import { type Block, type BlockSettings, type Blocks, createBlocks } from '../../../src/sbc/guard/blocks.ts';
import { createSipGuard, type GuardSettings, type SipGuard } from '../../../src/sbc/guard/sip-guard.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { type BorderRig, type RigOptions, startBorderRig } from '../sip/border-rig.ts';
import { createUdpParty, type SipParty } from '../sip/sip-party.ts';

export interface GuardedRig extends BorderRig {
  guard: SipGuard;
  blocks: Blocks;
  /** Blocks as they were told. */
  told: Block[];
  stranger(host?: string): Promise<SipParty>;
}

export async function startGuardedRig(
  t: { teardown(undo: () => unknown): void },
  options: RigOptions & { guard?: Partial<GuardSettings>; blocks?: Partial<BlockSettings> } = {},
): Promise<GuardedRig> {
  const told: Block[] = [];
  const blocks = createBlocks({
    clock: systemClock,
    settings: options.blocks ?? {},
    onBlocked: (block) => void told.push(block),
  });
  const guard = createSipGuard({ clock: systemClock, blocks, settings: options.guard ?? {} });
  const { layer, ...server } = options.server ?? {};
  const rig = await startBorderRig({
    ...options,
    border: { guard, ...options.border },
    server: { ...server, layer: { guard, ...layer } },
  });
  t.teardown(() => rig.close());
  return {
    ...rig,
    guard,
    blocks,
    told,
    async stranger(host = '127.66.0.1') {
      const party = await createUdpParty(rig.sip, host);
      t.teardown(() => party.close());
      return party;
    },
  };
}

/** This party was asked for nothing but these. */
export const nothingElse = (party: SipParty, methods: readonly string[]): boolean =>
  party.received.every(({ method }) => method === undefined || methods.includes(method));
