// What flows ask on the network, as the configuration has it: company services, and servers that make text of speech.

import { readFileSync } from 'node:fs';
import type { CallParts } from '../call/parts.ts';
import { type AudioListen, createCustomerAudio } from '../call/services/customer-audio.ts';
import type { OutgoingSettings } from '../call/services/lookup-settings.ts';
import { createLookups } from '../call/services/lookups.ts';
import { createSpeechRecognition } from '../call/services/speech-recognition.ts';
import type { Config } from '../config.ts';
import { headerSecrets } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { createGuardedRequests, type OutgoingRules } from '../shared/http/guarded-request.ts';
import type { Logger } from '../shared/logger.ts';
import { placeOf } from './sip.ts';

export function openServices(
  config: Config,
  { clock, log, closer }: { clock: Clock; log: Logger; closer: Closer },
): Required<Pick<CallParts, 'lookups' | 'speechRecognition'>> {
  const { lookups, company, speechRecognition: settings } = config;
  const services = lookups.map((service) => ({
    ...service,
    headers: headerSecrets(service.headers, `the lookup ${service.name}`),
  }));
  const { send } = createGuardedRequests(outgoingRules(config.outgoing));
  const audio = createCustomerAudio(listenOf(config));
  const speechRecognition = createSpeechRecognition({ clock, log, settings, audio });
  closer.add('speech recognition', () => speechRecognition.close());
  return { lookups: createLookups({ clock, log, services, send, country: company.country }), speechRecognition };
}

/** What may be asked on the network: for lookups, and for whatever else is sent to a company's service. */
export function outgoingRules({ hosts, privateNetworks, caFile }: OutgoingSettings): OutgoingRules {
  return { hosts, privateNetworks, ...(caFile ? { ca: readFileSync(caFile, 'utf8') } : {}) };
}

function listenOf({ speechRecognition: { listen }, recording: { taps } }: Config): AudioListen {
  if (!listen) return {};
  const tls =
    taps?.certFile && taps.keyFile
      ? { tls: { cert: readFileSync(taps.certFile, 'utf8'), key: readFileSync(taps.keyFile, 'utf8') } }
      : {};
  return { ...placeOf(listen), ...tls, ...(taps ? { advertisedHost: taps.host } : {}) };
}
