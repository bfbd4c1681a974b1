// The whole program with a company's own recording server behind TLS, whose certificate an authority of the company's signed: a call is
// heard there, each side on its stream, sealed; on whatever media engine the program uses.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { hear, numbers, startCentre, talkWith } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { faultsOf, runRecordingServer } from '../support/recording/srs-party.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { ownServer } from '../support/sip/border-rig.ts';
import { createTlsParty } from '../support/sip/sip-party.ts';

t.setTimeout(240_000);

t.test('a call is heard by the recording server of the company', ownServer, async (t) => {
  const certificate = makeCertificate();
  const folder = mkdtempSync(join(tmpdir(), 'engawa-siprec-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, certificate.cert);
  writeFileSync(keyFile, certificate.key);
  const srs = await createTlsParty(certificate);
  t.teardown(() => srs.close());
  const server = runRecordingServer(t, srs);
  const centre = await startCentre(t, {
    config: {
      sip: {
        kind: 'embedded',
        listen: ['udp/127.0.0.1:0', 'tcp/127.0.0.1:0', 'tls/127.0.0.1:0'],
        tls: { certFile, keyFile },
      },
      siprec: { server: `sip:srs@${srs.host}:${srs.port};transport=tls`, queues: ['general'] },
    },
    environment: { NODE_EXTRA_CA_CERTS: certFile },
  });
  const agent = await centre.desk('taro', 550);
  const { customer, callId } = await talkWith(centre, agent, {
    number: numbers.product,
    customerHz: 440,
    agentHz: 550,
  });
  const hears = (stream: 0 | 1) => server.streams?.[stream].hears().join();
  await eventually('the customer on the first stream', () => hears(0) === '440', { withinMs: 90_000 });
  await eventually('the agent on the second', () => hears(1) === '550', { withinMs: 60_000 });
  t.strictSame(
    server.streams?.map(({ state }) => state.refused),
    [0, 0],
    'every packet sealed with the keys of the offer',
  );
  await hear('both still', [
    [customer, [550]],
    [agent, [440]],
  ]);
  customer.hangUp();
  await eventually('the session ends', () => server.ended, { withinMs: 60_000 });
  for (const xml of server.metadata) t.strictSame(await faultsOf(xml), [], 'metadata as the schema has it');
  t.match(server.metadata.at(-1), '<stop-time>');
  t.match(srs.received[0]?.get('Via'), /^SIP\/2\.0\/TLS /);
  t.notMatch(srs.bytes(), /9012345678|310001111/, 'no number of anybody');
  await centre.endedCall(callId);
});
