// A centre whose conversations outlive its nodes: two nodes on a FreeSWITCH of the test's own and one SIP server, neither of which is
// theirs; and what tests of adoption do with it.

import { eventually } from '../eventually.ts';
import { freeswitchBin, startFreeswitch, withoutServer } from '../servers/installed-servers.ts';
import type { CarrierCall } from '../sip/carrier.ts';
import type { ServerKind } from '../sip/sip-server-process.ts';
import { type ClusterCentre, type ClusterNode, startClusterCentre } from './cluster-centre.ts';
import { hear, numbers, rest } from './whole-centre.ts';

export type Customer = Awaited<ReturnType<ClusterNode['callIn']>>;
export type Desk = Awaited<ReturnType<ClusterNode['desk']>>;
interface Teardown {
  teardown(undo: () => unknown): void;
}

export const customerHz = 440;
export const hanakoHz = 660;
export const taroHz = 330;
const secret = 'a-secret-for-both';
/** On a machine that has much else to do. */
export const patience = { withinMs: 30_000, everyMs: 100 };

export const withoutFreeswitch = withoutServer(freeswitchBin, 'ENGAWA_TEST_FREESWITCH_BIN');

/** `more`: sections of the configuration besides those of the servers. */
export async function outlivingCentre(
  t: Teardown,
  kind: ServerKind,
  more: Record<string, unknown> = {},
): Promise<ClusterCentre> {
  const freeswitch = await startFreeswitch(t, { FS_CANDIDATE_ACL: 'any_v4.auto' });
  const server = await kind.start(t, { secret });
  const { host, port, password } = freeswitch.eventSocket;
  process.env['ENGAWA_TEST_OWN_FREESWITCH'] = password;
  process.env['ENGAWA_TEST_SIP_SECRET'] = secret;
  return startClusterCentre(t, ['east', 'west'], {
    ringTimeoutSeconds: 20,
    config: {
      sip: { kind: 'drachtio', servers: [{ ...server.address, secret: 'env:ENGAWA_TEST_SIP_SECRET' }] },
      media: {
        kind: 'freeswitch',
        servers: [{ name: 'fs', host, port, password: 'env:ENGAWA_TEST_OWN_FREESWITCH' }],
      },
      ...more,
    },
  });
}

/** The SIP server gives calls to the nodes in turn: one is made that this node has. */
export async function conversationAt(
  node: ClusterNode,
  desk: Desk,
  more: Pick<CarrierCall, 'srtp'> = {},
): Promise<{ customer: Customer; callId: string }> {
  for (;;) {
    const customer = await node.callIn(numbers.product, customerHz, undefined, more);
    await eventually('the desk answers', () => available(desk), { withinMs: 60_000, everyMs: 100 });
    await both(desk, customer);
    const { callId } = desk.line!;
    const here = (await node.nodes()).find((one) => one.here)!;
    if (here.calls === 1) return { customer, callId };
    customer.hangUp();
    await rest(desk);
  }
}

/**
 * Which node takes its REGISTER is the SIP server's to choose, and the other knows of it a moment later. Where a desk cannot be
 * rung in time, on a machine that has much else to do, its agent becomes not ready.
 */
async function available(desk: Desk): Promise<true> {
  await desk.setState('available');
  await desk.answer(await desk.rings(10_000));
  return true;
}

export const both = (desk: Desk, customer: Customer, deskHz = hanakoHz) =>
  hear('both hear each other', [
    [customer, [deskHz]],
    [desk, [customerHz]],
  ]);

export const adopted = (node: ClusterNode, callId: string) =>
  eventually(
    'another node goes on with the call',
    async () => (await node.events(callId)).some(({ type }) => type === 'call-adopted'),
    { withinMs: 30_000, everyMs: 50 },
  );

/** The adopter has called the desk anew. */
export const attached = (desk: Desk) =>
  eventually('the desk has a leg of this node', () => desk.line?.purpose === 'attach', patience);
