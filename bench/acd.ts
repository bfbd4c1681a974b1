// The automatic call distributor: from "this agent is available" (or "this call waits") to the decision, on one core, for small and
// large centres; and the switch to other rules. The policy is compiled from rules by place, training and employment; agents have
// skills and serve three queues of twenty, calls have classes and ask for skills. What a decision costs in work, not in time, is
// in src/routing/acd/effort.test.ts.

import type { AcdInput, QueueSettings, WaitingCall } from '../src/routing/acd/acd.ts';
import { createAcd } from '../src/routing/acd/distributor.ts';
import type { AgentFacts } from '../src/routing/agent.ts';
import { compilePolicy } from '../src/routing/policy/compile-policy.ts';
import { parsePolicy } from '../src/routing/policy/load-policy.ts';
import type { CallId, PersonId } from '../src/shared/ids.ts';
import { type Random, seededRandom } from '../src/shared/random.ts';
import { type Bench, type BenchContext, percentile, Repeats } from './figures.ts';

const sizes = [100, 1000, 10_000] as const;
const queueNames = Array.from({ length: 20 }, (_, i) => `queue-${i}`);
const classes = ['none', 'personal', 'sensitive'];
const dayMs = 86_400_000;
const beginsAt = Date.parse('2026-11-16T10:00:00+09:00');

const rules = `rules:
  personal-information:
    calls: { class-at-least: personal }
    one-of:
      - place: centre
      - { place: home, employment: [regular], trainings: [{ training: privacy, within-days: 365 }], years-of-service: 1 }
  sensitive-in-the-centre: { calls: { class: sensitive }, needs: { place: centre } }
  storm: { operation: [all-home], calls: { class-at-least: personal }, needs: { pledge: signed } }
`;

function readRules() {
  const label = { ja: '札', en: 'label' };
  const around = { classes: classes.map((id) => ({ id, label })), reasons: new Map(), queues: queueNames };
  const reading = parsePolicy(rules, 'policy.yaml', around);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.source;
}

function settings(name: string): QueueSettings {
  const strategies = ['longest-idle', 'round-robin', 'least-occupied', 'fewest-calls'] as const;
  return {
    ...{ name, label: { ja: name, en: name }, ringTimeoutSeconds: 20, afterCallWorkSeconds: 0 },
    ...{ serviceLevelSeconds: 20, shortAbandonSeconds: 5, relaxSkillsEverySeconds: 60 },
    strategy: strategies[queueNames.indexOf(name) % strategies.length]!,
  };
}

function agentAt(i: number, random: Random): AgentFacts {
  const first = random.integer(0, queueNames.length);
  return {
    personId: `p${i}` as PersonId,
    queues: [0, 1, 2].map((next) => queueNames[(first + next) % queueNames.length]!),
    clearance: random.pick(classes),
    place: random.pick(['centre', 'home'] as const),
    employment: random.pick(['regular', 'temporary', 'outsourced'] as const),
    employedSince: beginsAt - random.integer(0, 2000) * dayMs,
    trainings: { privacy: beginsAt - random.integer(0, 500) * dayMs },
    skills: { english: random.integer(0, 4), cards: random.integer(0, 3) },
  };
}

/** A centre of so many agents, whose clock moves by a few milliseconds with each input. */
class Centre {
  readonly #random: Random;
  readonly #acd = createAcd({ queues: queueNames.map(settings), policy: readRules(), compilePolicy });
  readonly #agents: readonly AgentFacts[];
  #now = beginsAt;
  #calls = 0;

  constructor(size: number, seed: number) {
    this.#random = seededRandom(seed);
    this.#agents = Array.from({ length: size }, (_, i) => agentAt(i, this.#random));
    for (const agent of this.#agents) this.#tell({ kind: 'agentSignedIn', agent });
  }

  #tell(input: AcdInput) {
    this.#now += this.#random.integer(1, 4);
    return this.#acd.apply(input, this.#now);
  }

  arrives() {
    const random = this.#random;
    const call: WaitingCall = {
      ...{ callId: `c${this.#calls++}` as CallId, queue: random.pick(queueNames), enteredAt: this.#now, priority: 0 },
      facts: { direction: 'inbound', piiClass: random.pick(classes) },
      ...(random.next() < 0.3 ? { skills: [{ skill: 'english', level: random.integer(1, 4) }] } : {}),
    };
    return this.#tell({ kind: 'callWaiting', call });
  }

  ready = (i: number) => this.#tell({ kind: 'agentReady', personId: this.#agents[i]!.personId });
  pause = (i: number) => this.#tell({ kind: 'agentNotReady', personId: this.#agents[i]!.personId, because: 'break' });

  /** The offers are taken, and the conversations are over: those agents are available again, unless on a break. */
  finish(effects: ReturnType<Centre['ready']>): void {
    for (const effect of effects) {
      if (effect.kind !== 'offer') continue;
      const { callId, personId } = effect;
      this.#tell({ kind: 'answered', callId, personId });
      this.#tell({ kind: 'agentNotReady', personId, because: 'break' });
      this.#tell({ kind: 'agentCallEnded', callId, personId, afterCallWorkSeconds: 0 });
    }
  }

  switchTo = (operation: 'normal' | 'all-home') =>
    this.#tell({ kind: 'rulesChanged', policy: this.#acd.rules.policy, operation });

  waiting = () => this.#acd.queues(this.#now).reduce((sum, queue) => sum + queue.waiting, 0);
  someAgent = () => this.#random.integer(0, this.#agents.length);
}

function timed(times: number[], work: () => ReturnType<Centre['ready']>) {
  const startedAt = performance.now();
  const effects = work();
  times.push(performance.now() - startedAt);
  return effects;
}

function add(repeats: Repeats, name: string, times: number[], offers: number): void {
  times.sort((a, b) => a - b);
  const note = `${times.length} decisions, ${Math.round((100 * offers) / times.length)} % of them offers`;
  repeats.add(`${name}, p50`, 'ms', percentile(times, 0.5));
  repeats.add(`${name}, p99`, 'ms', percentile(times, 0.99), note);
  repeats.add(`${name}, worst`, 'ms', times.at(-1)!);
}

/** All agents on a break, as many calls waiting as agents; then agents come back one by one, and as many calls come anew. */
function availableAgents(size: number, decisions: number, seed: number, repeats: Repeats): void {
  const centre = new Centre(size, seed);
  for (let i = 0; i < size; i++) centre.arrives();
  const times: number[] = [];
  let offers = 0;
  for (let i = 0; i < decisions; i++) {
    const agent = centre.someAgent();
    const effects = timed(times, () => centre.ready(agent));
    const offered = effects.some(({ kind }) => kind === 'offer');
    offers += Number(offered);
    centre.finish(effects);
    if (!offered) centre.pause(agent);
    else centre.finish(centre.arrives());
  }
  if (centre.waiting() < size * 0.95) repeats.refuse('the calls that wait became fewer');
  add(repeats, `agent available, ${size} agents and ${size} waiting calls`, times, offers);
}

/** All agents available and nobody waiting; then calls come one by one. */
function arrivingCalls(size: number, decisions: number, seed: number, repeats: Repeats): void {
  const centre = new Centre(size, seed);
  for (let i = 0; i < size; i++) centre.ready(i);
  const times: number[] = [];
  let offers = 0;
  for (let i = 0; i < decisions; i++) {
    const effects = timed(times, () => centre.arrives());
    offers += effects.filter(({ kind }) => kind === 'offer').length;
    centre.finish(effects);
    for (const effect of effects)
      if (effect.kind === 'offer') centre.finish(centre.ready(Number(effect.personId.slice(1))));
  }
  add(repeats, `call arrives, ${size} available agents`, times, offers);
}

function otherRules(size: number, seed: number, repeats: Repeats): void {
  const centre = new Centre(size, seed);
  for (let i = 0; i < size; i++) centre.arrives();
  const times: number[] = [];
  for (let i = 0; i < 10; i++) timed(times, () => centre.switchTo(i % 2 ? 'normal' : 'all-home'));
  repeats.add(`mode switched, ${size} agents and ${size} waiting calls, worst of 10`, 'ms', Math.max(...times));
}

async function run({ repeats: count, seconds, say }: BenchContext) {
  const repeats = new Repeats();
  const decisions = Math.max(1000, seconds * 1000);
  // The compiler's warming up is not measured.
  availableAgents(1000, 3000, 1, new Repeats());
  arrivingCalls(1000, 3000, 1, new Repeats());
  for (let repeat = 1; repeat <= count; repeat++) {
    for (const size of sizes) {
      say(`${size} agents, repeat ${repeat}`);
      availableAgents(size, decisions, repeat, repeats);
      arrivingCalls(size, decisions, repeat, repeats);
    }
    otherRules(sizes.at(-1)!, repeat, repeats);
  }
  return repeats.figures({ name: 'acd', unit: 'ms' });
}

export const bench: Bench = { name: 'acd', run };
