// DTLS-SRTP between two sessions of ours, the datagrams between them handed over here: in order, lost, twice, changed, noise.

import t, { type Test } from 'tap';
import type { SrtpKeys } from '../../../../protocol/rtp/srtp-keys.ts';
import { seededRandom } from '../../../../shared/random.ts';
import { createDtlsCertificate } from './dtls-certificate.ts';
import { DtlsSession } from './dtls-session.ts';
import { loadOpenssl, type Openssl } from './openssl.ts';

const loaded = loadOpenssl();
const skip = typeof loaded === 'string' ? loaded : false;
const openssl = loaded as Openssl;
const setHighestVersion = 124;
const dtls10 = 0xfeff;

interface End {
  session: DtlsSession;
  keys?: { local: SrtpKeys; remote: SrtpKeys };
  ended?: string;
}

interface PairOptions {
  /** What the active side is set to in place of ours: settings of OpenSSL by their function. */
  settings?: Partial<Pick<Openssl, 'SSL_CTX_set_cipher_list' | 'SSL_CTX_ctrl'>>;
  /** What becomes of a datagram: it arrives as these. */
  way?: (datagram: Buffer, from: 'active' | 'passive') => Buffer[];
  /** What SDP told the passive side of the other's certificate. */
  fingerprint?: (real: string) => string;
}

/** A client that begins and a server, with the datagrams on the way in a queue. */
function pair(test: Test, options: PairOptions = {}) {
  const { way = (datagram) => [datagram], fingerprint = (real) => real, settings = {} } = options;
  const other = new Proxy(openssl, {
    get: (ours, name) => Reflect.get(Object.hasOwn(settings, name) ? settings : ours, name),
  });
  const certificates = { active: createDtlsCertificate(Date.now()), passive: createDtlsCertificate(Date.now()) };
  const queue: { to: 'active' | 'passive'; datagram: Buffer }[] = [];
  const ends = {} as Record<'active' | 'passive', End>;
  let longest = 0;
  for (const role of ['active', 'passive'] as const) {
    const farEnd = role === 'active' ? 'passive' : 'active';
    const real = certificates[farEnd].fingerprint;
    const [algorithm = '', value = ''] = (role === 'passive' ? fingerprint(real) : real).split(' ');
    const session = new DtlsSession({
      openssl: role === 'active' ? other : openssl,
      certificate: certificates[role],
      role,
      fingerprint: { algorithm, value },
      send(datagram) {
        longest = Math.max(longest, datagram.length);
        for (const each of way(Buffer.from(datagram), role)) queue.push({ to: farEnd, datagram: each });
      },
      onKeys: (keys) => (ends[role].keys = keys),
      onEnd: (because) => (ends[role].ended = because),
      onClosed: () => (ends[role].ended = 'closed'),
    });
    ends[role] = { session };
    test.teardown(() => session.close());
  }
  const deliver = () => {
    for (let next = queue.shift(); next; next = queue.shift()) ends[next.to].session.receive(next.datagram);
  };
  return { ...ends, deliver, longest: () => longest };
}

function agreed(test: Test, active: End, passive: End): void {
  test.ok(active.keys && passive.keys, 'both have keys');
  test.same(active.keys?.local, passive.keys?.remote, 'what one seals with the other opens with');
  test.same(active.keys?.remote, passive.keys?.local);
  test.notSame(active.keys?.local.keyAndSalt, active.keys?.remote.keyAndSalt, 'each way has its own');
  test.equal(active.keys?.local.keyAndSalt.length, 30);
}

const until = async (done: () => boolean, deliver: () => void) => {
  for (const deadline = Date.now() + 60_000; !done() && Date.now() < deadline; ) {
    deliver();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

t.test('both sides have the same keys, and no datagram is longer than a way may carry', { skip }, async (t) => {
  const { active, passive, deliver, longest } = pair(t);
  active.session.begin();
  deliver();
  agreed(t, active, passive);
  t.ok(longest() <= 1200, `${longest()} bytes`);
  active.session.begin();
  t.same([active.ended, passive.ended], [undefined, undefined], 'to begin again changes nothing');
});

t.test('what is lost is sent again, what comes twice is taken once', { skip }, async (t) => {
  const random = seededRandom(6347);
  const { active, passive, deliver } = pair(t, {
    way: (datagram) => [[], [datagram], [datagram], [datagram, datagram]][random.integer(0, 4)]!,
  });
  active.session.begin();
  await until(() => Boolean(active.keys && passive.keys), deliver);
  agreed(t, active, passive);
});

t.test('a certificate that SDP did not name is refused with an alert, and there are no keys', { skip }, async (t) => {
  for (const wrong of ['sha-256 00:11', 'sha-1 00:11', 'sha-512 AA', `sha-256 ${'00:'.repeat(31)}00`]) {
    const { active, passive, deliver } = pair(t, { fingerprint: () => wrong });
    active.session.begin();
    deliver();
    t.match(passive.ended, /certificate/);
    t.match(active.ended, /alert|certificate/, 'the other side is told');
    t.equal(passive.keys, undefined);
    deliver();
  }
});

t.test('upper and lower case of a fingerprint are the same', { skip }, async (t) => {
  const { active, passive, deliver } = pair(t, { fingerprint: (real) => real.toUpperCase().replace('SHA', 'sha') });
  active.session.begin();
  deliver();
  agreed(t, active, passive);
});

t.test('DTLS 1.2 with a suite that has forward secrecy and authenticates, and nothing else', { skip }, async (t) => {
  const ciphers = (list: string): PairOptions => ({
    settings: { SSL_CTX_set_cipher_list: (context) => openssl.SSL_CTX_set_cipher_list(context, list) },
  });
  const good = pair(t, ciphers('ECDHE-ECDSA-CHACHA20-POLY1305'));
  good.active.session.begin();
  good.deliver();
  agreed(t, good.active, good.passive);
  const old: PairOptions = {
    settings: {
      SSL_CTX_set_cipher_list: (context) => openssl.SSL_CTX_set_cipher_list(context, 'ALL:@SECLEVEL=0'),
      SSL_CTX_ctrl: (context) => openssl.SSL_CTX_ctrl(context, setHighestVersion, dtls10, null),
    },
  };
  for (const [bad, refusal] of [
    [ciphers('ECDHE-ECDSA-AES128-SHA'), /no shared cipher/],
    [ciphers('ECDHE-RSA-AES128-GCM-SHA256'), /no shared cipher/],
    [ciphers('AES128-GCM-SHA256'), /no shared cipher/],
    [old, /version|protocol/],
  ] as const) {
    const { active, passive, deliver } = pair(t, bad);
    active.session.begin();
    deliver();
    t.match(passive.ended, refusal);
    t.match(active.ended, /alert/, 'the other side is told');
    t.same([active.keys, passive.keys], [undefined, undefined]);
  }
});

t.test('noise and changed datagrams end nothing but themselves', { skip }, async (t) => {
  const random = seededRandom(7983);
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => random.integer(0, 256)));
  const bad = (datagram: Buffer): Buffer => {
    const noise = [
      bytes(random.integer(0, 1500)),
      datagram.subarray(0, random.integer(0, datagram.length)),
      Buffer.concat([Buffer.from([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 200]), bytes(200)]),
      Buffer.concat([Buffer.from([23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9]), bytes(40)]),
      Buffer.concat([datagram, bytes(30)]),
    ];
    return noise[random.integer(0, noise.length)]!;
  };
  for (let i = 0; i < 20; i++) {
    const { active, passive, deliver } = pair(t, { way: (datagram) => [bad(datagram), datagram, bad(datagram)] });
    active.session.begin();
    deliver();
    // A plain-text alert or a broken ClientHello may end a handshake: RFC 6347 leaves that open. Nothing else may happen.
    const said = [active, passive].map(({ keys, ended }) => (keys ? 'keys' : (ended ?? 'waits')));
    t.ok(
      said.every((each) => /^(keys|waits|DTLS failed: )/.test(each)),
      said.join(', '),
    );
    if (active.keys && passive.keys) {
      for (let more = 0; more < 20; more++) passive.session.receive(bytes(random.integer(0, 1500)));
      t.same(active.keys.local, passive.keys.remote);
    }
  }
});

t.test('a session can be closed at any time, and hears nothing afterwards', { skip }, async (t) => {
  const { active, passive, deliver } = pair(t);
  active.session.begin();
  passive.session.close();
  deliver();
  active.session.close();
  active.session.close();
  t.same([active.keys, passive.keys, active.ended, passive.ended], [undefined, undefined, undefined, undefined]);
});
