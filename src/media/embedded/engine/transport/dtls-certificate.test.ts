import { createPrivateKey, X509Certificate } from 'node:crypto';
import t from 'tap';
import { createDtlsCertificate } from './dtls-certificate.ts';

t.test('a certificate is valid now, signed by its own key, and has the fingerprint that it says', async (t) => {
  const now = Date.now();
  const made = createDtlsCertificate(now);
  const read = new X509Certificate(made.certificatePem);
  t.ok(read.verify(read.publicKey), 'self-signed');
  t.ok(read.checkPrivateKey(createPrivateKey(made.keyPem)), 'the key is its own');
  t.equal(`sha-256 ${read.fingerprint256}`, made.fingerprint);
  t.ok(Date.parse(read.validFrom) < now && Date.parse(read.validTo) > now);
  t.equal(read.subject, 'CN=webrtc', 'it names nobody');
});

t.test('no two are alike', async (t) => {
  const many = Array.from({ length: 20 }, () => createDtlsCertificate(Date.now()).fingerprint);
  t.equal(new Set(many).size, 20);
});
