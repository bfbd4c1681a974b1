import t from 'tap';
import { secretOf } from './secrets.ts';

t.test('a secret is named in the configuration, never written there', async (t) => {
  t.equal(secretOf('env:DRACHTIO', 'sip.servers[0].secret', { DRACHTIO: 'tell nobody' }), 'tell nobody');
  t.throws(() => secretOf('env:DRACHTIO', 'sip.servers[0].secret', {}), {
    code: 'secret-missing',
    message: /sip\.servers\[0\]\.secret.*set DRACHTIO/,
  });
  t.throws(() => secretOf('file:/no/such/file', 'sip.control.secret', {}), {
    message: /\/no\/such\/file, which cannot/,
  });
  for (const written of ['cymru', 'env:', 'vault:x'])
    t.throws(() => secretOf(written, 'sip.control.secret', {}), {
      code: 'config-invalid',
      message: /env:NAME or file:PATH/,
    });
});
