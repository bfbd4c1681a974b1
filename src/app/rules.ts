// The rules for who may take what, put together: the file, the mode of operation, and where people are.

import type { PolicyNeeds } from '../api/routes/centre/policy-routes.ts';
import { type Actor, createRulesInForce, type RulesInForce } from '../call/rules/rules-in-force.ts';
import type { Config } from '../config.ts';
import { createPlaces, type Places } from '../identity/places.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import type { Logger } from '../shared/logger.ts';
import type { Store } from '../store/store.ts';
import type { AppFlows } from './flows.ts';

export interface AppRules {
  rules: RulesInForce;
  places: Places;
  /** Reads the files again; one with a mistake leaves the rules in force. */
  reload(by: Actor | null): ReturnType<PolicyNeeds['reload']>;
}

export function openRules(
  config: Config,
  needs: {
    flows: AppFlows;
    /** With the events of all nodes. */
    store: Store;
    mayAct?: () => boolean;
    clock: Clock;
    log: Logger;
    closer: Closer;
  },
): AppRules {
  const { flows, store, clock, log, closer, mayAct } = needs;
  const source = flows.policy();
  const { events } = store;
  const rules = createRulesInForce({ clock, log, events, source, ...(mayAct ? { mayAct } : {}) });
  closer.add('rules', () => rules.close());
  return {
    rules,
    places: createPlaces({ clock, sites: config.policy.sites, sessions: store.sessions, demo: config.demo }),
    async reload(by) {
      const problems = await flows.reloadRules();
      for (const { severity, file, line, column, message } of problems)
        log.warn({ severity }, `${file}:${line}:${column}: ${message}`);
      const broken = problems.some(({ severity }) => severity === 'error');
      if (broken) log.error('the rules were read and have mistakes: those of before go on');
      const changed = !broken && (await rules.publish(flows.policy(), by));
      return { version: rules.policy.source.version, changed, problems };
    },
  };
}
