import t from 'tap';
import { roles } from '../store/records.ts';
import { hasDesk, isForUnlimited, permissions, roleMay } from './permissions.ts';

/**
 * Each role × each permission: agent, supervisor, administrator, auditor, integrator. `whole`: not for who is limited to sites or
 * queues. test/integration/permission-table.test.ts tries each at every route.
 */
const table = `
  desk                     ag su -- -- --
  calls:place-own          ag su -- -- --
  calls:place-any          -- su -- -- in
  calls:read-own           ag -- -- -- --
  calls:read-any           -- su ad au in
  calls:command-own        ag su -- -- --
  calls:command-any        -- su -- -- in
  verification-codes:make  -- -- -- -- in
  calls:monitor            -- su -- -- --
  help:read                -- su ad -- --
  help:answer              -- su -- -- --
  queues:read              ag su ad -- in
  agents:read              -- su ad -- in
  agents:change            -- su -- -- in
  call-lists:read          -- su ad -- in
  call-lists:change        -- su -- -- in
  recordings:read          -- su ad -- in
  recordings:open          -- su ad -- --
  recordings:hold          -- su ad -- --
  recordings:release       -- -- ad -- --
  recordings:delete        -- -- ad -- --
  recordings:export        -- -- ad -- --
  recordings:rotate        -- -- ad -- --   whole
  recordings:play          ag su ad -- --
  plays:read               -- -- ad au --
  listening-keys:read      -- -- ad au --   whole
  listening-keys:change    -- -- ad -- --   whole
  listening-keys:end       ag su ad -- --
  numbers:reveal           -- su ad -- --
  callbacks:read           -- su ad -- in
  callbacks:change         -- su -- -- in
  voicemails:read          ag su ad -- in
  voicemails:change        ag su -- -- --
  flows:read               -- su ad -- in
  flows:check              -- su ad -- in
  flows:change             -- su ad -- in   whole
  calendars:change         -- su ad -- in   whole
  policy:read              -- su ad au in
  policy:change            -- -- ad -- --   whole
  operation:read           ag su ad au in
  operation:change         -- su ad -- in   whole
  decisions:read           -- su ad au in
  alarms:read              -- su ad au in
  reports:read             -- su ad au in
  devices:read             -- su ad au --
  devices:change           -- su ad -- --
  devices:revoke           -- su ad -- in
  people:read              -- su ad au --
  people:change            -- -- ad -- --   whole
  sessions:read            -- su ad au --
  sessions:end             -- -- ad -- --   whole
  keys:read                -- -- ad au --   whole
  keys:change              -- -- ad -- --   whole
  trunks:read              -- su ad -- in
  media-servers:read       -- su ad -- in
  media-servers:change     -- -- ad -- --   whole
  nodes:read               -- su ad -- in
  nodes:change             -- -- ad -- in   whole
  blocks:read              -- su ad -- in   whole
  blocks:change            -- -- ad -- in   whole
  audit:read               -- -- ad au --   whole
  test-calls               ag su ad -- in
  feed:own                 ag su ad -- in
  feed:all                 -- su ad -- in
  metrics:read             -- su ad -- in   whole
`;

const rows = table
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));

t.test('the table is this one, cell by cell', async (t) => {
  t.strictSame(
    rows.map(([name]) => name),
    permissions,
    'a new permission gets a row here, for each role',
  );
  for (const permission of permissions) {
    const cells = rows.find(([name]) => name === permission)?.slice(1) ?? [];
    for (const [at, role] of roles.entries())
      t.equal(roleMay(role, permission), cells[at] === role.slice(0, 2), `${permission} for ${role}`);
    t.equal(isForUnlimited(permission), cells[5] === 'whole', `${permission} with a limit to sites and queues`);
  }
});

t.test('an auditor reads, and neither hears, sees a number nor changes anything', async (t) => {
  const may = permissions.filter((permission) => roleMay('auditor', permission));
  t.notOk(may.some((permission) => /^(recordings|voicemails|verification)|monitor/.test(permission)));
  for (const permission of may) t.match(permission, /:(read|read-any|verify|search|export)$/);
});

t.test('who has a desk', async (t) => {
  t.equal(hasDesk({ role: 'agent', queues: [] }), true);
  t.equal(hasDesk({ role: 'supervisor', queues: [] }), false);
  t.equal(hasDesk({ role: 'supervisor', queues: ['orders'] }), true);
  t.equal(hasDesk({ role: 'administrator', queues: ['orders'] }), false);
});
