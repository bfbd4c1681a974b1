// Settings of the mailboxes that flows take messages for. Part of the configuration (config/schema.ts).

import { type Static, Type } from 'typebox';
import { section } from '../../shared/yaml/yaml-schema.ts';

export const MailboxSchema = section('A mailbox. Its messages are sealed like recordings.', {
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$', description: 'What flows call it.' }),
  label: section('What people call it.', { ja: Type.String(), en: Type.String() }),
  queue: Type.String({
    description:
      'The queue whose agents are shown its messages, each those of the classes that the policy lets them take.',
  }),
});
export type MailboxSettings = Static<typeof MailboxSchema>;
