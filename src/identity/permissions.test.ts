import t from 'tap';
import { hasDesk, permissions, roleMay } from './permissions.ts';

t.test('an agent may do exactly this', async (t) => {
  t.strictSame(
    permissions.filter((permission) => roleMay('agent', permission)),
    [
      'desk',
      'calls:place-own',
      'calls:read-own',
      'calls:command-own',
      'queues:read',
      'voicemails:read',
      'voicemails:change',
      'operation:read',
      'test-calls',
      'feed:own',
    ],
  );
});

t.test('only an administrator changes people and keys; a key cannot get a recording', async (t) => {
  for (const role of ['agent', 'supervisor', 'integrator'] as const) {
    t.equal(roleMay(role, 'people:change'), false);
    t.equal(roleMay(role, 'keys:change'), false);
  }
  t.equal(roleMay('administrator', 'people:change'), true);
  t.equal(roleMay('integrator', 'recordings:open'), false);
});

t.test('who has a desk', async (t) => {
  t.equal(hasDesk({ role: 'agent', queues: [] }), true);
  t.equal(hasDesk({ role: 'supervisor', queues: [] }), false);
  t.equal(hasDesk({ role: 'supervisor', queues: ['orders'] }), true);
  t.equal(hasDesk({ role: 'administrator', queues: ['orders'] }), false);
});
