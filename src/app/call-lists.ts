// Outbound call lists put together: the work at desks, the routes' needs, and what a list may name.

import type { CallListNeeds } from '../api/routes/calls/call-list-routes.ts';
import type { RunningCallCentre } from '../call/call-centre.ts';
import { addCustomers } from '../call/lists/add-customers.ts';
import { createCallListWork } from '../call/lists/call-list-work.ts';
import type { CallParts } from '../call/parts.ts';
import type { Calendar } from '../routing/hours.ts';
import { isOpen } from '../routing/hours.ts';
import type { CallFacts, PersonFacts } from '../routing/policy/policy.ts';
import type { Store } from '../store/store.ts';

interface Needs {
  parts: CallParts;
  store: Store;
  callCentre: RunningCallCentre;
  calendars(): ReadonlyMap<string, Calendar>;
  /** The policy's word, now. */
  mayHave(person: PersonFacts, call: CallFacts): boolean;
}

export function openCallLists(needs: Needs): CallListNeeds {
  const { parts, store, callCentre, calendars, mayHave } = needs;
  const { clock, log, vault, checkDial, checkNumber, settings } = parts;
  const lists = store.callLists;
  const work = createCallListWork({
    ...{ clock, log, lists, callCentre },
    events: parts.events,
    classOf: (reason) => parts.reason(reason)?.piiClass,
    mayCallNow(name) {
      const calendar = calendars().get(name);
      return calendar !== undefined && isOpen(calendar, clock.now());
    },
    mayHave(personId, call) {
      const agent = callCentre.desk(personId)?.agent;
      return agent !== undefined && mayHave(agent, call);
    },
  });
  return {
    work,
    add: (listId, rows, firstRow) =>
      addCustomers({ clock, lists, vault, checkDial, checkNumber }, listId, rows, firstRow),
    async aliasOf(number) {
      const decision = checkDial(number);
      return decision.kind === 'allowed' ? vault.remember(decision.number) : undefined;
    },
    unknownIn({ reason, queue, calendar, presentedNumber }) {
      if (reason !== undefined && !parts.reason(reason)) return `There is no reason “${reason}”.`;
      if (queue !== undefined && !settings.queues.some(({ name }) => name === queue))
        return `There is no queue “${queue}”.`;
      if (calendar !== undefined && !calendars().has(calendar)) return `There is no calendar “${calendar}”.`;
      if (presentedNumber !== undefined && !settings.companyNumbers.includes(presentedNumber))
        return 'The number to present is not one of the company.';
      return undefined;
    },
  };
}
