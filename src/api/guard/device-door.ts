// The door of devices (identity/devices/door.ts) as requests meet it: what it refuses, as problems that a page can show, and what a
// browser is told whose session ended here. A refusal says why, whom to ask and a reference, and nothing else.
//
//   403 device-needed    prove the device that this browser has, or ask for it to be let in; nothing else is answered until then
//   403 device-blocked   the session is over      403 desk-blocked   it goes on, without a desk
//   401 device-revoked   the device is lost to this browser: it forgets everything (Clear-Site-Data)

import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { certificateOf } from '../../identity/devices/client-certificate.ts';
import type { DevicePolicy } from '../../identity/devices/device-policy.ts';
import type { Devices } from '../../identity/devices/devices.ts';
import type { Admission, Door } from '../../identity/devices/door.ts';
import type { SeenRequest } from '../../identity/devices/standings.ts';
import type { HomeWork } from '../../identity/home-work/home-work.ts';
import type { SignedIn } from '../../identity/identity.ts';
import { csrfTokenOf, hashOfSecret } from '../../identity/tokens.ts';
import { createAddressMatch } from '../../shared/address-match.ts';
import type { DeviceId, SessionId } from '../../shared/ids.ts';
import type { YamlProblem } from '../../shared/yaml/yaml-reader.ts';
import type { DeviceBlock } from '../../store/devices.ts';
import { HttpProblem } from '../errors.ts';
import type { ListenSettings } from '../needs.ts';

/** What the API is told of devices and of working from home. */
export interface DeviceNeeds {
  door: Door;
  devices: Devices;
  policy(): DevicePolicy;
  /** Mistakes of a text, without putting it in force. */
  check(yaml: string): YamlProblem[];
  /** Reads the files again; one with a mistake leaves the rules of before in force. */
  reload(): Promise<YamlProblem[]>;
  homeWork: HomeWork;
  checkHomeWork(yaml: string): YamlProblem[];
  /** What this node has cut when a session ended: proof, where a device was lost. */
  cut(sessionId: SessionId, what: { softphones?: number; feeds?: number }): void;
}

/** As long as browsers keep any cookie. */
export const deviceCookieSeconds = 400 * 86_400;

export interface DeviceDoor {
  /** What a request shows by itself. */
  seen(request: Pick<IncomingMessage, 'headers' | 'socket'>, address: string): SeenRequest;
  /** Throws what is refused. `token`: the session's. */
  enter(
    signedIn: SignedIn,
    request: { raw: IncomingMessage; ip: string },
    token: string,
    to?: 'anything' | 'desk' | 'softphone',
  ): Promise<void>;
  /** The sentence for a connection that is refused; undefined: it may come in. */
  refusesSoftphone(signedIn: SignedIn, request: IncomingMessage, address: string): Promise<string | undefined>;
  /** Throws why nobody knows this browser any more, where a block is the reason. */
  tellWhyEnded(request: FastifyRequest, reply: FastifyReply, token: string | undefined): Promise<void>;
}

export function createDeviceDoor(
  { door, policy }: DeviceNeeds,
  listen: ListenSettings,
  byId: (id: DeviceId) => Promise<{ state: string } | undefined>,
): DeviceDoor {
  const proxies = createAddressMatch(listen.trustedProxies ?? []);

  const seen: DeviceDoor['seen'] = (request, address) => {
    const fromProxy = proxies.matches(request.socket.remoteAddress ?? '');
    return { address, headers: request.headers, certificate: certificateOf(request, policy().certificates, fromProxy) };
  };

  function refused(admission: Exclude<Admission, { kind: 'admitted' }>, token: string): HttpProblem {
    const { contact } = policy();
    if (admission.kind === 'prove')
      return new HttpProblem(403, 'This device has to prove itself first.', {
        code: 'device-needed',
        more: { device: { csrfToken: csrfTokenOf(token), contact } },
      });
    return blocked(admission.block, policy());
  }

  return {
    seen,
    async enter(signedIn, { raw, ip }, token, to = 'anything') {
      const admission = await door.enter(signedIn, seen(raw, ip), to);
      if (admission.kind === 'admitted') return;
      const problem = refused(admission, token);
      if (admission.kind === 'blocked' && !admission.ended)
        throw new HttpProblem(403, problem.detail, { code: 'desk-blocked', more: problem.more });
      throw problem;
    },
    async refusesSoftphone(signedIn, request, address) {
      const admission = await door.enter(signedIn, seen(request, address), 'softphone');
      if (admission.kind === 'admitted') return undefined;
      if (admission.kind === 'prove') return 'This device has to prove itself first.';
      return `This device, network or hour is not allowed: ${admission.block.reference}.`;
    },
    async tellWhyEnded(request, reply, token) {
      const block = token === undefined ? undefined : await door.blockOf(hashOfSecret(token));
      const deviceId = request.server.ownCookies.of(request, 'device') as DeviceId | undefined;
      const device = !block && deviceId && deviceId.length <= 64 ? await byId(deviceId) : undefined;
      if (block?.kind === 'revoked' || device?.state === 'revoked') {
        void reply.header('clear-site-data', '"cache", "cookies", "storage"');
        throw new HttpProblem(401, 'This device was revoked.', { code: 'device-revoked' });
      }
      if (block) throw blocked(block, policy());
    },
  };
}

/** Why, whom to ask, and the reference that is in the audit log. */
export function blockedView({ reference, because }: DeviceBlock, { contact }: DevicePolicy) {
  return { reference, because: because.map(({ ja, en }) => ({ ja, en })), contact };
}

function blocked(block: DeviceBlock, policy: DevicePolicy): HttpProblem {
  return new HttpProblem(403, 'You cannot come in from here now.', {
    code: 'device-blocked',
    more: { blocked: blockedView(block, policy) },
  });
}
