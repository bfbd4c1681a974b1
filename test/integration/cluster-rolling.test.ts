// Every node is restarted, one after the other, as docs/operations.md says, while callers come all the time, others wait, and
// conversations last longer than a restart: by the API and then a signal, and by the signal alone, as systemd and Kubernetes do.
// Nobody is hung up on or refused, nobody loses a place, no desk is called anew in mid-call, and everything is on record.

import t, { test } from 'tap';
import { type ClusterNode, startClusterCentre } from '../support/centre/cluster-centre.ts';
import { openFrontDoor } from '../support/centre/front-door.ts';
import { aWhile, hearsMusic, numbers } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';
import { openRobotDesk, type RobotDesk } from '../support/media/robot-desk.ts';
import { freeswitchBin, startFreeswitch, withoutServer } from '../support/servers/installed-servers.ts';
import type { Carrier, Customer } from '../support/sip/carrier.ts';
import { type ServerKind, serverKinds } from '../support/sip/sip-server-process.ts';

t.setTimeout(900_000);

const secret = 'a-secret-for-all-of-them';
const agentTones = { hanako: 330, taro: 440 };
const customerTones = [550, 660, 790, 1010];
/** Callers who wait at any time. */
const queueLength = 3;
const patience = { withinMs: 120_000, everyMs: 500 };

interface Teardown {
  teardown(undo: () => unknown): void;
}

interface Caller {
  name: string;
  customer: Customer;
  toneHz: number;
}

interface Talk extends Caller {
  desk: RobotDesk;
  agentHz: number;
}

for (const kind of serverKinds) {
  const freeswitch = kind.name !== 'engawa sip-server' && !withoutServer(freeswitchBin, '');
  test(`a rolling restart drops no call (${kind.name}, ${freeswitch ? 'FreeSWITCH' : 'embedded media'})`, {
    skip: skipWithoutRedis || kind.skip,
    timeout: 800_000,
  }, async (t) => {
    const nodes = await centreOn(t, kind, freeswitch);
    const door = await openFrontDoor(t, () => nodes.map(({ engawa }) => engawa.url));
    const desks = await Promise.all(
      Object.entries(agentTones).map(([login, toneHz]) =>
        openRobotDesk(t, { url: door, login, toneHz, password: nodes[0]!.engawa.passwordOf(login) }),
      ),
    );
    for (const desk of desks) keepAtWork(t, desk);
    const company = createCompany(nodes[0]!.carrier);
    for (const desk of desks) {
      await desk.setState('available');
      await company.begins(desk, agentTones[desk.login as keyof typeof agentTones]);
    }
    for (let i = 0; i < queueLength; i++) await company.callsIn();

    for (const [i, name] of ['east', 'west', 'north'].entries()) {
      const node = nodes.find((one) => one.name === name)!;
      const others = nodes.filter((one) => one !== node);
      await leaves(node, others[0]!, i === 1 ? 'signal' : 'api');
      nodes.splice(nodes.indexOf(node), 1);
      await company.callsIn();
      const turns = company.served();
      const again = await node.startAgain();
      nodes.push(again);
      t.equal(company.served(), turns, 'the conversations that there were lasted longer than the restart');
      await company.stillTalk();
      t.comment(`${name} was restarted; ${company.served()} callers were served by then`);
    }

    await company.closes();
    for (const desk of desks) await desk.inState('available');
    const [node] = nodes as [ClusterNode];
    t.ok(company.callIds.size >= 2 + queueLength + 3, `${company.callIds.size} calls`);
    for (const callId of company.callIds) await wholeRecord(t, node, callId);
    t.equal(company.callIds.size, company.served(), 'a record for each caller');
    t.same(company.endedByUs(), [], 'nobody was hung up on');
    for (const desk of desks)
      t.same(
        desk.lines.filter(({ purpose }) => purpose !== null),
        [],
        `${desk.login}: no desk was called anew in mid-call`,
      );
    for (const each of nodes) await each.atRest();

    /** Out of use, emptied by the calls' own ends, and stopped. */
    async function leaves(node: ClusterNode, other: ClusterNode, how: 'api' | 'signal'): Promise<void> {
      const { id } = (await node.nodes()).find(({ here }) => here)!;
      const stopped = how === 'signal' ? node.stop() : undefined;
      if (!stopped) await other.drain(id);
      for (;;) {
        const left = (await other.nodes()).find((one) => one.id === id);
        if (!left || (left.calls === 0 && left.desks === 0)) break;
        await company.turn();
      }
      t.equal(await (stopped ?? node.stop()), 0, `${node.name} was empty and ended well`);
    }
  });
}

/** Three nodes on one SIP server of nobody's own, which gives them calls in turns. */
async function centreOn(t: Teardown, kind: ServerKind, withFreeswitch: boolean): Promise<ClusterNode[]> {
  const server = await kind.start(t, { secret });
  process.env['ENGAWA_TEST_SIP_SECRET'] = secret;
  let media = {};
  if (withFreeswitch) {
    const { eventSocket } = await startFreeswitch(t, { FS_CANDIDATE_ACL: 'any_v4.auto' });
    const { host, port, password } = eventSocket;
    process.env['ENGAWA_TEST_OWN_FREESWITCH'] = password;
    const servers = [{ name: 'fs', host, port, password: 'env:ENGAWA_TEST_OWN_FREESWITCH' }];
    media = { media: { kind: 'freeswitch', servers } };
  }
  const { nodes } = await startClusterCentre(t, ['east', 'west', 'north'], {
    ringTimeoutSeconds: 30,
    // The one knob: how long SIGTERM waits for calls.
    calls: { drainSeconds: 500 },
    config: {
      sip: { kind: 'drachtio', servers: [{ ...server.address, secret: 'env:ENGAWA_TEST_SIP_SECRET' }] },
      ...media,
      // A node that merely stands still on a busy machine is not to be counted as gone: that would be another test.
      liveState: { kind: 'redis', lapseSeconds: 30 },
    },
  });
  return [...nodes];
}

/** What the page does by itself: comes back when it is sent away; and an agent who answers whatever rings. */
function keepAtWork(t: Teardown, desk: RobotDesk): void {
  let over = false;
  async function look(): Promise<void> {
    if (desk.feedEnded) await desk.followFeed();
    if (!desk.phoneConnected) await desk.connectPhone();
    if (desk.line?.state === 'ringing') await desk.answer();
  }
  async function work(): Promise<void> {
    // A node that goes refuses or says nothing; the page asks again.
    for (; !over; await aWhile(100)) await look().catch(() => undefined);
  }
  const working = work();
  t.teardown(async () => {
    over = true;
    await working;
  });
}

/** Callers in the order of their calls, and the conversations that there are. */
function createCompany(carrier: Carrier) {
  const callers: Caller[] = [];
  const waiting: Caller[] = [];
  const talking: Talk[] = [];
  const callIds = new Set<string>();

  async function dials(): Promise<Caller> {
    const toneHz = customerTones[callers.length % customerTones.length]!;
    const customer = await carrier.callIn({ dialled: numbers.product, toneHz });
    const caller = { name: `caller ${callers.length + 1}`, customer, toneHz };
    callers.push(caller);
    await eventually(
      `${caller.name} is answered by the flow`,
      () => {
        if (customer.state === 'refused') throw new Error(`refused with ${customer.status}`);
        return customer.state === 'talking';
      },
      patience,
    );
    return caller;
  }

  async function talk(desk: RobotDesk, agentHz: number, caller: Caller): Promise<void> {
    const begun = { ...caller, desk, agentHz };
    await hearEachOther(begun);
    callIds.add(desk.line!.callId);
    talking.push(begun);
  }

  return {
    callIds,
    served: () => callIds.size,
    endedByUs: () => callers.filter(({ customer }) => customer.endedBy === 'them').map(({ name }) => name),
    begins: async (desk: RobotDesk, agentHz: number) => talk(desk, agentHz, await dials()),
    /** One more who waits, behind all others. */
    async callsIn() {
      const caller = await dials();
      await hearsMusic(caller.customer, Object.values(agentTones));
      waiting.push(caller);
    },
    /** The longest conversation ends, who has waited longest is next, and somebody else calls. */
    async turn() {
      await this.ends();
      await this.callsIn();
    },
    async ends() {
      const { customer, desk, agentHz } = talking.shift()!;
      customer.hangUp();
      const next = waiting.shift();
      if (next) await talk(desk, agentHz, next);
    },
    async stillTalk() {
      for (const talk of talking) await hearEachOther(talk);
    },
    async closes() {
      while (talking.length > 0) await this.ends();
    },
  };
}

/** Nobody but each other: it was this caller's turn, and nobody else's. */
async function hearEachOther({ name, customer, toneHz, desk, agentHz }: Talk): Promise<void> {
  const only = (heard: number[], hz: number) => heard.length === 1 && heard[0] === hz;
  await eventually(
    `${name} and ${desk.login} hear each other`,
    () => only(customer.hears(300), agentHz) && only(desk.hears(300), toneHz),
    { ...patience, everyMs: 100 },
  );
}

/** Ended once and by the customer, with one agent and one recording that is whole. */
async function wholeRecord(
  t: { match(found: unknown, wanted: object, message: string): unknown },
  node: ClusterNode,
  callId: string,
): Promise<void> {
  const record = await node.endedCall(callId);
  t.match(record, { cause: 'normal', side: 'customer' }, `${callId} was ended by its customer`);
  t.match(record, { segments: { length: 1 }, recordingIds: { length: 1 } }, 'one agent, one recording');
  await eventually(
    `recording ${record.recordingIds[0]} is complete`,
    async () => {
      const found = await node.engawa.get<{ state: string }>(`/api/v1/recordings/${record.recordingIds[0]}`);
      return found.state === 'complete';
    },
    patience,
  );
}
