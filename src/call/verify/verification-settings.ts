// Settings of verification: the factors that agents may ask for in a call, where sealed digits go, and the limits of one-time
// codes. Part of the configuration (config/schema.ts). Flows say themselves what they ask, and name destinations from here.

import { type Static, Type } from 'typebox';
import { section } from '../../shared/yaml/yaml-schema.ts';

const name = (description: string) => Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$', description });

const Check = Type.Union(
  [
    section('One of our one-time codes (POST /api/v1/verification-codes).', { kind: Type.Literal('code') }),
    section('A company service says whether the digits are right: found is right, not found is wrong.', {
      kind: Type.Literal('lookup'),
      service: name('Of lookups. It must be asked by POST over https: digits do not belong into URLs.'),
      digitsAs: Type.String({ default: 'digits', description: 'The parameter that holds the digits.' }),
      callerNumberAs: Type.Optional(
        Type.String({ description: 'The parameter that holds the caller’s number, if the service may have it.' }),
      ),
    }),
    section('Sealed to the company’s key and posted to a destination, which may answer whether they are right.', {
      kind: Type.Literal('seal'),
      destination: name('Of verification.destinations.'),
    }),
  ],
  { description: 'Who says whether the digits are right.' },
);

const Factor = section('Something that a customer proves the own identity by, keyed in secret.', {
  name: name('What policies, flows and agents call it.'),
  label: section('What the desk shows.', { ja: Type.String(), en: Type.String() }),
  ask: Type.Optional(
    section('What the customer hears.', {
      ja: Type.String(),
      jaKana: Type.Optional(
        Type.String({ description: 'The reading in kana, for a speech engine that cannot read kanji.' }),
      ),
      en: Type.String(),
    }),
  ),
  minDigits: Type.Integer({
    minimum: 1,
    maximum: 32,
    default: 1,
    description: 'Fewer are wrong without asking anybody.',
  }),
  maxDigits: Type.Integer({ minimum: 1, maximum: 32, default: 32 }),
  endKey: Type.Union([Type.Literal('#'), Type.Literal('*')], { default: '#', description: 'Ends the number early.' }),
  timeoutSeconds: Type.Integer({ minimum: 2, maximum: 60, default: 10, description: 'Wait for each digit.' }),
  attempts: Type.Integer({ minimum: 1, maximum: 5, default: 2, description: 'How often the customer is asked.' }),
  check: Check,
});

const Destination = section('A URL of the company to which sealed digits are posted.', {
  name: name('What factors and flows call it.'),
  url: Type.String({
    pattern: '^https?://',
    description: 'Takes POST; its host must be in outgoing.hosts. Plain http only into outgoing.privateNetworks.',
  }),
  recipients: Type.Array(Type.String({ pattern: '^age1' }), {
    minItems: 1,
    description: 'Public keys that open the digits. This program has no other.',
  }),
  headers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }), Type.String(), {
    default: {},
    description: 'Headers to send; env:NAME and file:PATH take the value from the environment or a file.',
  }),
  timeoutSeconds: Type.Number({ minimum: 0.5, maximum: 20, default: 5, description: 'The caller waits so long.' }),
  keepHours: Type.Number({
    minimum: 0,
    maximum: 168,
    default: 24,
    description: 'What could not be delivered waits, sealed, and is tried again for so long.',
  }),
});

const Codes = section('One-time codes.', {
  lifetimeSeconds: Type.Integer({ minimum: 30, maximum: 3600, default: 600, description: 'Unless the request says.' }),
  mostPerCustomer: Type.Integer({ minimum: 1, default: 5, description: 'Codes made for one customer in 15 minutes.' }),
  triesPerCustomer: Type.Integer({
    minimum: 1,
    default: 10,
    description: 'Wrong ones keyed from one number in 15 minutes, over all calls; five lock the code.',
  }),
  triesWithheld: Type.Integer({
    minimum: 1,
    default: 60,
    description: 'Wrong ones keyed from all withheld numbers together in 15 minutes.',
  }),
});

export const VerificationSchema = section('Verifying customers by digits that nobody hears, sees or records.', {
  factors: Type.Array(Factor, {
    default: [],
    description: 'What agents may ask for in a call. one-time-code is always there.',
  }),
  destinations: Type.Array(Destination, { default: [], description: 'Where sealed digits go.' }),
  codes: Codes,
  triesPerCall: Type.Integer({ minimum: 1, maximum: 20, default: 6, description: 'Of all factors together.' }),
});

export type VerificationSettings = Static<typeof VerificationSchema>;
export type FactorSettings = Static<typeof Factor>;
export type DestinationSettings = Static<typeof Destination>;
export type CodeSettings = Static<typeof Codes>;

/** The factor of our own codes, unless the settings have one of this name. */
export const codeFactor: FactorSettings = {
  name: 'one-time-code',
  label: { ja: 'ワンタイムコード', en: 'One-time code' },
  minDigits: 8,
  maxDigits: 8,
  endKey: '#',
  timeoutSeconds: 10,
  attempts: 2,
  check: { kind: 'code' },
};

export function factorsOf({ factors }: Pick<VerificationSettings, 'factors'>): readonly FactorSettings[] {
  return factors.some((factor) => factor.name === codeFactor.name) ? factors : [codeFactor, ...factors];
}

/** Why these settings cannot be, as sentences. `mayAsk`: whether the host is allowed (outgoing.hosts). */
export function verificationProblems(
  { factors, destinations }: Pick<VerificationSettings, 'factors' | 'destinations'>,
  others: { lookups: readonly { name: string; url: string; method: string }[]; mayAsk: (url: string) => boolean },
): string[] {
  const problems: string[] = [];
  for (const [what, names] of [
    ['factors', factors.map((factor) => factor.name)],
    ['destinations', destinations.map((destination) => destination.name)],
  ] as const)
    for (const twice of names.filter((one, index) => names.indexOf(one) !== index))
      problems.push(`verification.${what}: “${twice}” is there twice.`);
  for (const { name: factor, check, minDigits, maxDigits } of factors) {
    if (minDigits > maxDigits) problems.push(`verification.factors: “${factor}” has minDigits above maxDigits.`);
    if (check.kind === 'seal' && !destinations.some((destination) => destination.name === check.destination))
      problems.push(
        `verification.factors: “${factor}” names the destination “${check.destination}”, which is not there.`,
      );
    if (check.kind !== 'lookup') continue;
    const service = others.lookups.find((lookup) => lookup.name === check.service);
    if (!service)
      problems.push(`verification.factors: “${factor}” names the lookup “${check.service}”, which is not there.`);
    else if (!keepsDigits(service))
      problems.push(
        `verification.factors: “${factor}” asks “${check.service}”, which puts digits where they are logged: make it POST.`,
      );
  }
  for (const { name: destination, url } of destinations)
    if (!others.mayAsk(url))
      problems.push(`verification.destinations: the host of “${destination}” is not in outgoing.hosts.`);
  return problems;
}

/** Whether a lookup carries its parameters in the body, and not in a URL that servers log. */
export const keepsDigits = ({ method }: { method: string }): boolean => method === 'POST';
