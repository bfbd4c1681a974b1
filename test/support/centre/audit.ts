// The API with its audit log, as app/audit.ts puts it together.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiNeeds } from '../../../src/api/needs.ts';
import { createAudit } from '../../../src/identity/audit/create-audit.ts';
import { createHeadSigner } from '../../../src/identity/audit/sign-heads.ts';
import { openSigningFiles } from '../../../src/identity/audit/signing-files.ts';
import { systemClock as clock } from '../../../src/shared/clock.ts';
import { silentLogger as log } from '../../../src/shared/logger.ts';
import { testDatabase, testStore } from '../servers/database.ts';
import { testApi } from './api.ts';

export async function auditedApi(
  t: { teardown(run: () => void | Promise<void>): void },
  overrides: Partial<ApiNeeds> = {},
) {
  const databaseUrl = await testDatabase(t);
  const { audit: rows } = await testStore(t, { url: databaseUrl });
  const folder = mkdtempSync(join(tmpdir(), 'engawa-audit-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const files = openSigningFiles(folder, clock.now());
  const auditHeads = createHeadSigner({ clock, log, rows, files, everyMs: 3_600_000 });
  const audit = createAudit({ clock, log, rows, placeAt: () => 'home' });
  const made = await testApi(t, { databaseUrl, audit, auditHeads, ...overrides });
  return { ...made, databaseUrl, rows, files, folder };
}
