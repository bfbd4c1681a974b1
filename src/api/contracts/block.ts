// Bodies of the routes for blocked sources of SIP (contract.ts says how the contract is made).

import { type Static, Type } from 'typebox';

export const BlockView = Type.Object({
  source: Type.String({ description: 'An IPv4 address, or an IPv6 network of 64 bits.' }),
  address: Type.String({ description: 'The address whose message was one too many.' }),
  because: Type.Unsafe<
    'scanner' | 'unknown-source' | 'malformed-sip' | 'digest-guessing' | 'flood' | 'idle-connection'
  >({
    type: 'string',
    enum: ['scanner', 'unknown-source', 'malformed-sip', 'digest-guessing', 'flood', 'idle-connection'],
  }),
  since: Type.Integer(),
  until: Type.Integer(),
  dropped: Type.Integer({ description: 'Messages and connections that came since and were not looked at.' }),
});
export type BlockView = Static<typeof BlockView>;
