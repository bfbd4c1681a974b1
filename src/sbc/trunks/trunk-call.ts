// A call out: which trunks and targets may carry it, and in which order. The next one is tried when a target is at fault
// (no answer at all, 408, 5xx, refused credentials), never when the callee was (busy, no answer, 6xx).

import type { Random } from '../../shared/random.ts';
import type { TrunkCall } from '../border.ts';
import { inviteForTrunk } from '../header-policy.ts';
import type { InviteTarget } from '../legs/invite-attempt.ts';
import type { FailedAttempt } from '../legs/outbound-leg.ts';
import type { ControlLink } from '../link/control-link.ts';
import { chooseOrder } from './choose-order.ts';
import type { TargetState, Trunk } from './trunk.ts';

export interface TrunkRouteOptions {
  call: TrunkCall;
  trunks: readonly Trunk[];
  random: Random;
  domain: string;
  sessionExpiresSeconds: number;
  /** A SIP server that is up, another than `not` if there is one. */
  link: (not?: ControlLink) => ControlLink | undefined;
}

export interface TrunkRoute {
  next(failed: FailedAttempt | undefined): Promise<InviteTarget | undefined>;
  /** Why there was nothing at all to try. */
  causeIfNone(): 'unreachable' | 'overload' | 'forbidden';
}

export function createTrunkRoute({
  call,
  trunks,
  random,
  domain,
  sessionExpiresSeconds,
  link,
}: TrunkRouteOptions): TrunkRoute {
  const able = trunks.filter(
    ({ settings, targets }) =>
      targets.length > 0 && (settings.numbers.length === 0 || settings.numbers.includes(call.presentedNumber)),
  );
  const ordered = chooseOrder(able, ({ settings, state }) => ({ ...settings, up: state.up }), random).flatMap((trunk) =>
    chooseOrder(trunk.targets, ({ target, up }) => ({ ...target, up }), random).map((target) => ({ trunk, target })),
  );
  let full = false;
  let current: { trunk: Trunk; target: TargetState } | undefined;
  let serverFaults = 0;

  function learn(failed: FailedAttempt): void {
    if (!current) return;
    const { sipStatus } = failed;
    const dead = sipStatus === null || sipStatus === 408 || sipStatus === 503;
    current.trunk.saw(current.target, !dead, `INVITE ${sipStatus ?? 'unanswered'}`);
  }

  return {
    causeIfNone: () => (full ? 'overload' : able.length === 0 ? 'forbidden' : 'unreachable'),
    async next(failed) {
      if (failed?.ourServer) {
        // The target was never asked, or could not tell us: once more, if there is another server to ask through.
        const other = link(failed.target.link);
        if (!current || !other || other === failed.target.link || serverFaults++ >= maxServerFaults) return undefined;
        ordered.unshift(current);
      } else if (failed) learn(failed);
      for (let step = ordered.shift(); step; step = ordered.shift()) {
        const through = link(failed?.ourServer ? failed.target.link : undefined);
        if (!through) return undefined;
        const release = step.trunk.admitCall();
        if (!release) {
          full = true;
          continue;
        }
        current = step;
        const { settings } = step.trunk;
        try {
          const invite = inviteForTrunk(call, settings, step.target.target, { domain, sessionExpiresSeconds });
          const sdpOffer = await call.offer(settings.media);
          const credentials = settings.credentials ?? registrationCredentials(settings);
          return {
            ...invite,
            label: step.target.label,
            trunk: settings.name,
            link: through,
            sdpOffer,
            ...(credentials ? { credentials } : {}),
            firstResponseTimeoutMs: settings.firstResponseTimeoutSeconds * 1000,
            isTargetFault,
            release,
          };
        } catch (thrown) {
          release();
          throw thrown;
        }
      }
      return undefined;
    },
  };
}

const maxServerFaults = 2;

function isTargetFault(status: number | null): boolean {
  return status === null || status === 401 || status === 407 || status === 408 || (status >= 500 && status < 600);
}

function registrationCredentials({ register }: Trunk['settings']): InviteTarget['credentials'] {
  return register && { user: register.authUser ?? register.user, password: register.password };
}
