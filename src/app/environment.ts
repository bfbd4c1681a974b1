// The check before a shift put together: who measures, who is told of a result, and what follows from it for calls.

import type { EnvironmentApi } from '../api/routes/people/environment-routes.ts';
import type { RunningCallCentre } from '../call/call-centre.ts';
import { createLineMeasurer } from '../call/measure/measure-line.ts';
import type { CallParts } from '../call/parts.ts';
import type { DeviceRule, OwnTelephones } from '../call/telephone/own-telephones.ts';
import { relayOf } from '../config/environment.ts';
import type { Config } from '../config.ts';
import type { CheckItem, CheckSettings, Weight } from '../identity/environment/check.ts';
import { createEnvironmentChecks } from '../identity/environment/environment-checks.ts';
import { type CheckStanding, keepsAway, stateWords } from '../identity/environment/standing.ts';
import type { MediaServer } from '../media/media-server.ts';
import type { ProvenFacts } from '../routing/policy/policy.ts';
import type { Border } from '../sbc/border.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { asError } from '../shared/errors.ts';
import type { Place } from '../shared/events.ts';
import { createGuardedRequests } from '../shared/http/guarded-request.ts';
import type { PersonId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { LiveState } from '../store/live-state.ts';
import type { Person } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { outgoingRules } from './services.ts';

interface EnvironmentParts {
  /** With the events of all nodes. */
  store: Store;
  border: Border;
  media: MediaServer;
  clock: Clock;
  log: Logger;
  closer: Closer;
  live?: LiveState;
  /** Made later than this. */
  later: {
    callCentre(): RunningCallCentre;
    telephones(): OwnTelephones;
    placeOf(person: Pick<Person, 'id' | 'place'>): Promise<Place>;
  };
}

export interface AppEnvironment {
  /** What routing is told, besides what others prove. */
  provenOf(person: Person, others?: ProvenFacts): Promise<ProvenFacts>;
  whyNotAvailable: NonNullable<CallParts['whyNotAvailable']>;
  deviceRule(personId: PersonId): DeviceRule;
  /** Once calls and telephones are there. */
  begin(): void;
  api: EnvironmentApi;
}

const helpDeskWithinMs = 10_000;
const refusal = 'The check before the shift is missing, was not passed, or no longer counts. Make it first.';

export async function openEnvironment(config: Config, parts: EnvironmentParts): Promise<AppEnvironment> {
  const { store, border, media, clock, log, closer, live, later } = parts;
  const settings: CheckSettings = {
    ...config.environment,
    items: itemsOf(config),
    networks: { ...config.environment.networks, sites: config.policy.sites },
  };
  const measurer = createLineMeasurer({ border, media, clock, log });
  const checks = createEnvironmentChecks({
    ...{ clock, log, settings, rows: store.environmentChecks, measure: measurer.begin },
    isBusy: (personId) => isBusy(later.callCentre(), personId),
    hasTelephone: (personId) => later.telephones().isUsable(personId),
    ...(live ? { live } : {}),
    limits: { seconds: config.environment.measuredSeconds },
  });
  closer.add('checks before shifts', () => checks.close());
  await checks
    .start()
    .catch((thrown: unknown) => log.error({ err: asError(thrown) }, 'checks before shifts are not known yet'));

  /** What a result, or the end of one, changes for calls. */
  async function follow(personId: PersonId, here: boolean): Promise<void> {
    const callCentre = later.callCentre();
    if (!here) {
      // The queues of all nodes have been told by the node where it happened.
      const person = await store.people.byId(personId);
      if (person) checks.standing(personId, await later.placeOf(person));
      callCentre.deskChanged(personId);
      return;
    }
    await callCentre.factsChanged(personId);
    const standing = checks.lastStanding(personId);
    if (!standing) return;
    const { state, required } = standing;
    await store.events.append({ type: 'environment-standing', personId, state, required });
    await notReady(personId, standing);
  }

  async function notReady(personId: PersonId, standing: CheckStanding): Promise<void> {
    const callCentre = later.callCentre();
    const now = callCentre.desk(personId)?.agent.state;
    if (!keepsAway(standing) || now === undefined || now === 'offline' || now === 'not-ready') return;
    await callCentre.setState(personId, 'not-ready', 'environment-check');
  }

  const told = (personId: PersonId, here: boolean) => {
    follow(personId, here).catch((thrown: unknown) =>
      log.warn({ err: asError(thrown), personId }, 'routing does not know of a check yet'),
    );
  };
  checks.onChanged(told);
  const off = store.events.subscribe((event) => {
    const callComes =
      (event.type === 'agent-state' && event.to !== 'not-ready' && event.to !== 'offline') ||
      event.type === 'call-started';
    if (callComes && event.personId) checks.giveWay(event.personId);
  });
  closer.add('calls go before checks', off);

  return {
    async provenOf(person, others = {}) {
      if (settings.check === 'off') return others;
      const before = checks.lastStanding(person.id);
      const standing = checks.standing(person.id, await later.placeOf(person));
      if (keepsAway(standing) && before && !keepsAway(before)) setImmediate(() => void notReady(person.id, standing));
      return withCheck(others, standing);
    },
    async whyNotAvailable(personId) {
      const person = settings.check === 'required' ? await store.people.byId(personId) : undefined;
      if (!person) return undefined;
      return keepsAway(checks.standing(personId, await later.placeOf(person))) ? refusal : undefined;
    },
    begin() {
      // Whoever has an own telephone now, or no longer, may take calls otherwise than before.
      const changed = (personId: PersonId, here: boolean) => {
        if (settings.check === 'required' && settings.whenFailed === 'own-telephone') told(personId, here);
      };
      closer.add('telephones in place of checks', later.telephones().onChanged(changed));
    },
    deviceRule: (personId) => (checks.lastStanding(personId)?.byTelephone ? 'telephone-only' : 'either'),
    api: {
      ...{
        checks,
        settings,
        seconds: config.environment.measuredSeconds,
        ways: waysOf(config),
        helpDesk: helpDeskOf(config),
      },
      placeOf: later.placeOf,
    },
  };
}

function isBusy(callCentre: RunningCallCentre, personId: PersonId): boolean {
  if (callCentre.monitors().some((one) => one.personId === personId)) return true;
  const desk = callCentre.desk(personId);
  if (!desk) return false;
  return desk.call !== null || (desk.agent.state !== 'offline' && desk.agent.state !== 'not-ready');
}

function withCheck(others: ProvenFacts, standing: CheckStanding): ProvenFacts {
  const { state, at, byTelephone } = standing;
  // What is registered by hand or by a program counts for whoever has never made a check here.
  if (state === 'never' && !standing.required) return others;
  const counts = state === 'passed' || state === 'failed';
  const connectionCheck = byTelephone
    ? { passed: false, at: at ?? 0, byTelephone: true as const }
    : counts
      ? { passed: state === 'passed', at: at ?? 0 }
      : undefined;
  const kept =
    keepsAway(standing) && state !== 'passed'
      ? [{ rule: 'environment-check', classAtLeast: null, words: stateWords[state] }]
      : [];
  const keptAway = [...(others.keptAway ?? []), ...kept];
  return {
    ...others,
    ...({ connectionCheck } as Pick<ProvenFacts, 'connectionCheck'>),
    ...(keptAway.length > 0 ? { keptAway } : {}),
  };
}

/** A way that the company does not offer is not looked for. */
function itemsOf(config: Config): CheckSettings['items'] {
  const ways = waysOf(config).map(({ way }) => way);
  const entries = Object.entries(config.environment.items) as [CheckItem, Weight][];
  const isWay = (item: CheckItem) => item === 'direct-udp' || item.startsWith('relay-');
  return Object.fromEntries(
    entries.map(([item, weight]) => [item, isWay(item) && !ways.some((way) => way === item) ? 'off' : weight]),
  ) as CheckSettings['items'];
}

function waysOf({ turn }: Config): EnvironmentApi['ways'] {
  const relays = (['relay-udp', 'relay-tcp', 'relay-tls'] as const).map((way) => ({
    way,
    urls: turn.urls.filter((url) => relayOf(url) === way),
  }));
  const direct = turn.relayOnly ? [] : [{ way: 'direct-udp' as const, urls: [] }];
  return [...direct, ...relays.filter(({ urls }) => urls.length > 0)];
}

function helpDeskOf({ environment, outgoing }: Config): EnvironmentApi['helpDesk'] {
  const { url, mail = null } = environment.helpDesk;
  if (url === undefined) return { mail };
  const { send } = createGuardedRequests(outgoingRules(outgoing));
  return {
    mail,
    async send({ json, text }) {
      const answer = await send({
        ...{ url, method: 'POST', headers: { 'content-type': 'application/json' } },
        body: JSON.stringify({ report: json, text }),
        ...{ timeoutMs: helpDeskWithinMs, maxResponseBytes: 64 * 1024 },
      });
      if (answer.kind === 'failed') return { sent: false, because: answer.because };
      const taken = answer.status >= 200 && answer.status < 300;
      return taken ? { sent: true } : { sent: false, because: `status ${answer.status}` };
    },
  };
}
