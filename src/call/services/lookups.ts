// Asks a service of the company for a flow: who calls, and why. What is asked and answered may be about a person, so neither is
// in a log or an event: those say which service, what kind of answer, and how long it took.
// A service that failed several times in a row is not asked for a while: its callers do not wait for a time-out each.

import { toTrunkNumber } from '../../privacy/number-forms.ts';
import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Clock } from '../../shared/clock.ts';
import type { GuardedAnswer, GuardedRequest, SendGuarded } from '../../shared/http/guarded-request.ts';
import type { Logger } from '../../shared/logger.ts';
import { fieldAt, isThere, textOf } from './json-fields.ts';
import type { LookupSettings } from './lookup-settings.ts';

export interface LookupRequest {
  service: string;
  parameters: readonly (readonly [name: string, value: string])[];
  /** Parameters whose value is the caller's number, sent only if the service's settings say so. */
  callerNumber?: { as: readonly string[]; number: PhoneNumber | undefined };
}

/** `because` is a word, such as `timeout`; never what was sent or answered. */
export type LookupOutcome =
  | { kind: 'found'; values: Readonly<Record<string, string>> }
  | { kind: 'notFound' }
  | { kind: 'failed'; because: string };

export interface Lookups {
  /** Never rejects, and comes back within the service's time-out. */
  ask(request: LookupRequest): Promise<LookupOutcome>;
}

export interface LookupsNeeds {
  clock: Clock;
  log: Logger;
  /** Headers with their secrets filled in. */
  services: readonly LookupSettings[];
  send: SendGuarded;
  country?: string;
}

const restsAfterFailures = 5;
const restsMs = 15_000;

/** What may go differently the next time. */
const worthAnother = new Set(['unreachable', 'unreadable', 'timeout', 'status']);

interface Health {
  failures: number;
  restsUntil: number;
}

export function createLookups(needs: LookupsNeeds): Lookups {
  const { clock, log } = needs;
  const services = new Map(needs.services.map((service) => [service.name, service]));
  const health = new Map<string, Health>(
    needs.services.map(({ name }) => [name, { failures: 0, restsUntil: Number.NEGATIVE_INFINITY }]),
  );

  async function attempts(service: LookupSettings, request: LookupRequest): Promise<LookupOutcome> {
    const deadline = clock.now() + service.timeoutSeconds * 1000;
    const parameters = filledParameters(service, request, needs.country);
    let outcome: LookupOutcome = { kind: 'failed', because: 'timeout' };
    for (let attempt = 1; attempt <= service.attempts; attempt += 1) {
      const leftMs = deadline - clock.now();
      if (leftMs <= 0) break;
      const url = attempt % 2 === 0 ? (service.fallbackUrl ?? service.url) : service.url;
      // A server that hangs must leave time for the attempts after it.
      const timeoutMs = leftMs / (service.attempts - attempt + 1);
      const answer = await needs.send(requestFor(service, url, parameters, timeoutMs));
      outcome = read(service, answer);
      if (outcome.kind !== 'failed' || !worthAnother.has(outcome.because)) break;
    }
    return outcome;
  }

  function note(name: string, outcome: LookupOutcome): void {
    const state = health.get(name)!;
    state.failures = outcome.kind === 'failed' ? state.failures + 1 : 0;
    if (state.failures < restsAfterFailures) return;
    state.restsUntil = clock.now() + restsMs;
    log.error({ service: name, failures: state.failures, restsMs }, 'a lookup service rests, because it keeps failing');
  }

  return {
    async ask(request) {
      const service = services.get(request.service);
      if (!service) return { kind: 'failed', because: 'no-such-service' };
      if (health.get(service.name)!.restsUntil > clock.now()) return { kind: 'failed', because: 'rests' };
      const outcome = await attempts(service, request);
      note(service.name, outcome);
      return outcome;
    },
  };
}

function filledParameters(service: LookupSettings, request: LookupRequest, country?: string): Map<string, string> {
  const parameters = new Map(request.parameters);
  const { as, number } = request.callerNumber ?? { as: [], number: undefined };
  const form = service.sendsCallerNumber;
  for (const name of as) parameters.set(name, number && form !== 'no' ? toTrunkNumber(number, form, country) : '');
  return parameters;
}

/** `{name}` in a URL. The host is before the first of them (checked with the configuration), so no value can choose it. */
const inUrl = /\{([\p{L}\p{N}_-]+)\}/gu;

function requestFor(
  service: LookupSettings,
  template: string,
  parameters: ReadonlyMap<string, string>,
  timeoutMs: number,
): GuardedRequest {
  const used = new Set<string>();
  const filled = template.replace(inUrl, (_, name: string) => {
    used.add(name);
    return encodeURIComponent(parameters.get(name) ?? '');
  });
  const rest = [...parameters].filter(([name]) => !used.has(name));
  const { method, headers, maxResponseKilobytes } = service;
  const limits = { timeoutMs, maxResponseBytes: maxResponseKilobytes * 1024 };
  if (method === 'POST') {
    const body = JSON.stringify(Object.fromEntries(rest));
    return { url: filled, method, headers: { 'content-type': 'application/json', ...headers }, body, ...limits };
  }
  const query = new URLSearchParams(rest.map(([name, value]): [string, string] => [name, value])).toString();
  const url = query === '' ? filled : `${filled}${filled.includes('?') ? '&' : '?'}${query}`;
  return { url, method, headers, ...limits };
}

function read(service: LookupSettings, answer: GuardedAnswer): LookupOutcome {
  if (answer.kind === 'failed') return answer;
  const { status, body } = answer;
  if (service.notFoundStatuses.includes(status)) return { kind: 'notFound' };
  if (status >= 500 || status === 429) return { kind: 'failed', because: 'status' };
  if (status < 200 || status >= 300) return { kind: 'failed', because: 'refused' };
  const json = jsonOf(body);
  if (json === undefined) return { kind: 'failed', because: 'no-json' };
  if (service.foundWhen !== undefined && !isThere(fieldAt(json, service.foundWhen))) return { kind: 'notFound' };
  const values: Record<string, string> = {};
  for (const [variable, path] of Object.entries(service.values)) {
    const text = textOf(fieldAt(json, path));
    if (text !== undefined) values[variable] = text;
  }
  return { kind: 'found', values };
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Why these settings cannot be, as sentences. */
export function lookupProblems(services: readonly LookupSettings[], mayAsk: (url: string) => boolean): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  for (const { name, url, fallbackUrl } of services) {
    if (names.has(name)) problems.push(`lookups: “${name}” is there twice.`);
    names.add(name);
    for (const one of [url, fallbackUrl]) {
      if (one === undefined) continue;
      if (/^https?:\/\/[^/?#]*\{/.test(one))
        problems.push(`lookups: the host of “${name}” must be written out, without {…}: no caller may choose it.`);
      else if (!mayAsk(one.replaceAll(inUrl, 'x')))
        problems.push(`lookups: the host of “${name}” is not in outgoing.hosts.`);
    }
  }
  return problems;
}
