// Own telephones as the configuration has them.

import { emergencyTexts } from '../call/outbound/emergency.ts';
import type { TelephoneSettings } from '../call/parts.ts';
import { createOwnTelephones, type OwnTelephones, type OwnTelephonesNeeds } from '../call/telephone/own-telephones.ts';
import { allWords } from '../call/telephone/telephone-words.ts';
import type { Config } from '../config.ts';
import type { Closer } from '../shared/closer.ts';
import { asError } from '../shared/errors.ts';
import type { Store } from '../store/store.ts';
import { checkDial } from './dialling.ts';

export async function openTelephones(
  config: Config,
  {
    store,
    closer,
    ...needs
  }: Pick<OwnTelephonesNeeds, 'clock' | 'log' | 'vault' | 'live' | 'rule'> & { store: Store; closer: Closer },
): Promise<OwnTelephones> {
  const telephones = createOwnTelephones({
    ...needs,
    rows: store.ownTelephones,
    events: store.events,
    allowed: config.telephones.allowed,
    companyNumbers: config.company.numbers.map(({ number }) => number),
    checkDial: (typed) => checkDial(typed, config),
  });
  closer.add('own telephones', () => telephones.close());
  await telephones
    .start()
    .catch((thrown: unknown) =>
      needs.log.error({ err: asError(thrown) }, 'own telephones are not known: all are at the browser'),
    );
  return telephones;
}

export function telephoneSettings({ telephones, company }: Config): TelephoneSettings {
  const { ringSeconds, confirmSeconds, presentedNumber, saidName } = telephones;
  return {
    ringSeconds,
    confirmSeconds,
    ...(presentedNumber === undefined ? {} : { presentedNumber }),
    companyName: saidName ?? { ja: company.name, en: company.name },
  };
}

/** What telephones are told, for speaking it before anybody waits. */
export const telephoneTexts = (config: Config) => [
  ...allWords(telephoneSettings(config).companyName, config.queues),
  ...emergencyTexts,
];
