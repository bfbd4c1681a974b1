import { test } from 'tap';
import { browserOf, isAtLeast, systemOf } from './browser-version.ts';
import type { Circumstances } from './device-policy.ts';
import { canBeProven, judge } from './judge.ts';
import { parseDevicePolicy } from './load-device-policy.ts';

const around = { classes: ['none', 'personal', 'sensitive'], calendars: ['weekdays'], queues: ['orders', 'contracts'] };
const contact = 'contact: { ja: 情報システム部, en: IT help desk }\n';
const problemsOf = (yaml: string) =>
  parseDevicePolicy(contact + yaml, 'devices.yaml', around).problems.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );

function policyOf(yaml: string) {
  const reading = parseDevicePolicy(contact + yaml, 'devices.yaml', around);
  if (!reading.ok) throw new Error(problemsOf(yaml).join('\n'));
  return reading.policy;
}

const now = Date.parse('2026-11-24T03:00Z');
const session: Circumstances = {
  person: { login: 'taro', role: 'agent', queues: ['orders'] },
  place: 'home',
  address: '192.0.2.7',
};
const rule = (needs: string, more = '') => `rules: { r: { needs: { ${needs} }, otherwise: block-sign-in${more} } }`;
const codes = (yaml: string, change: Partial<Circumstances> = {}, isOpen = true) =>
  judge(policyOf(yaml), { ...session, ...change }, { nowMs: now, isOpen: () => isOpen }).map(({ code }) => code);
const device = (standing: 'managed' | 'enrolled') => ({ device: { id: 'd_1' as never, standing } });

test('a file without rules demands nothing, and one without a contact is refused', async (t) => {
  t.same(policyOf('').rules, []);
  t.equal(policyOf('').proofMs, 15 * 60_000);
  const { problems } = parseDevicePolicy('rules: {}', 'devices.yaml', around);
  t.match(problems, [{ line: 1, message: /"contact" is missing/ }]);
});

test('every mistake of the file is told with line, column and a sentence', async (t) => {
  t.strictSame(problemsOf('rules:\n  known:\n    needs: { device: manged }\n    otherwise: block-sign-in\n'), [
    '4:22 rule "known": "device" must be managed or enrolled or a list, not "manged"; did you mean "managed"?',
  ]);
  t.match(problemsOf('rules:\n  r:\n    needs: { networks: [198.51.100.0/40] }\n    otherwise: block-desk'), [
    /^4:25 rule "r": “198.51.100.0\/40” is no address or network/,
  ]);
  t.match(problemsOf('rules:\n  r:\n    needs: { while-open: weekday }\n    otherwise: block-desk'), [
    /^4:26 rule "r": there is no calendar "weekday"; did you mean "weekdays"\?/,
  ]);
  t.match(problemsOf('rules: { r: { needs: { access-proxy: corp }, otherwise: block-desk } }'), [
    /there is no access proxy "corp"; there is none/,
  ]);
  t.match(problemsOf('rules: { r: { needs: { certificate: shown }, otherwise: block-desk } }'), [
    /nobody asks for certificates/,
  ]);
  t.match(problemsOf('rules: { r: { needs: {}, otherwise: block-desk } }'), [/a rule says what a session "needs"/]);
  t.match(problemsOf('rules: { r: { needs: { device: managed }, otherwise: { keep-away: secret } } }'), [
    /there is no class of personal information "secret"/,
  ]);
  t.match(problemsOf('rules: { r: { for: { queue: order }, needs: { device: managed }, otherwise: block-desk } }'), [
    /there is no queue "order"; did you mean "orders"\?/,
  ]);
  t.match(problemsOf('client-certificates: {}'), [/says who asks for the certificate/]);
  const keys = 'access-proxies: { corp: { header: X-Jwt, issuer: i, audience: a, keys: {} } }';
  t.match(problemsOf(keys), [/access proxy "corp": says either a "file" or a "url"/]);
  t.match(problemsOf('rules: { r: { needs: { device: managed } } }'), [/"otherwise" is missing/]);
});

test('what is not proven is lacking', async (t) => {
  t.same(codes(rule('device: [managed, enrolled]')), ['device']);
  t.same(codes(rule('device: [managed, enrolled]'), device('enrolled')), []);
  t.same(codes(rule('device: managed'), device('enrolled')), ['device']);
  t.same(codes(rule('networks: [198.51.100.0/24]')), ['network']);
  t.same(codes(rule('networks: [198.51.100.0/24, 2001:db8::/32]'), { address: '2001:db8::5' }), []);
  t.same(codes(rule('while-open: weekdays')), []);
  t.same(codes(rule('while-open: weekdays'), {}, false), ['hours']);
  t.same(codes(rule('while-closed: weekdays')), ['hours']);
});

test('an access proxy counts while what it signed holds, for whom it names', async (t) => {
  const proxy = 'access-proxies: { corp: { header: X-Jwt, issuer: i, audience: a, keys: { file: k } } }\n';
  const yaml = proxy + rule('access-proxy: corp');
  const access = { proxy: 'corp', screenLock: false, login: null, expiresAt: now + 1 };
  t.same(codes(yaml), ['access-proxy']);
  t.same(codes(yaml, { access }), []);
  t.same(codes(yaml, { access: { ...access, expiresAt: now } }), ['access-proxy']);
  t.same(codes(yaml, { access: { ...access, login: 'hanako' } }), ['access-proxy']);
  t.same(codes(yaml, { access: { ...access, login: 'taro' } }), []);
});

test('a screen lock is attested by the proxy, or by a certificate that such devices alone have', async (t) => {
  const more =
    'client-certificates: { ca-file: ca.pem }\naccess-proxies: { corp: { header: h, issuer: i, audience: a, keys: { file: k }, screen-lock: lock } }\n';
  const yaml = more + rule('screen-lock: [access-proxy, certificate]');
  t.same(codes(yaml), ['screen-lock']);
  const access = { proxy: 'corp', login: null, expiresAt: now + 1 };
  t.same(codes(yaml, { access: { ...access, screenLock: true } }), []);
  t.same(codes(yaml, { access: { ...access, screenLock: false } }), ['screen-lock']);
  t.same(codes(yaml, { certificate: { fingerprint: 'ab', subject: null } }), []);
  t.match(problemsOf(rule('screen-lock: access-proxy')), [/no access proxy names a claim "screen-lock"/]);
});

test('a rule is about whom it names: person, group, place, device', async (t) => {
  const about = (what: string) =>
    `rules: { r: { for: { ${what} }, needs: { device: managed }, otherwise: block-desk } }`;
  t.same(codes(about('person: Taro')), ['device']);
  t.same(codes(about('person: hanako')), []);
  t.same(codes(about('role: [supervisor, administrator]')), []);
  t.same(codes(about('queue: orders')), ['device']);
  t.same(codes(about('queue: contracts')), []);
  t.same(codes(about('place: centre')), []);
  t.same(
    codes(about('place: centre'), { place: 'unknown' }),
    ['device'],
    'an unknown place may be the one that is meant',
  );
  t.same(codes(about('device: enrolled')), []);
  t.same(codes(about('device: enrolled'), device('enrolled')), ['device']);
  t.same(codes(about('employment: outsourced')), ['device'], 'an unknown employment may be the one that is meant');
});

test('the page can mend what its device has only to prove', async (t) => {
  const violations = (yaml: string) => judge(policyOf(yaml), session, { nowMs: now, isOpen: () => false });
  t.ok(canBeProven(violations(rule('device: managed'))));
  t.notOk(canBeProven(violations(rule('device: managed, while-open: weekdays'))));
});

const ua = (system: string, rest: string) => ({ 'user-agent': `Mozilla/5.0 (${system}) ${rest}` });
const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test('browsers and systems are what they say, hints first', async (t) => {
  const chrome = ua('Windows NT 10.0; Win64; x64', `${webkit} Chrome/131.0.0.0 Safari/537.36`);
  t.same(browserOf(chrome), { name: 'chrome', major: 131 });
  t.same(systemOf(chrome), { name: 'windows', version: null }, 'a frozen version says nothing');
  const hints = { 'sec-ch-ua-platform': '"Windows"', 'sec-ch-ua-platform-version': '"15.0.0"' };
  t.same(systemOf({ ...chrome, ...hints }), { name: 'windows', version: '11' });
  t.same(systemOf({ ...chrome, ...hints, 'sec-ch-ua-platform-version': '"10.0.0"' }), {
    name: 'windows',
    version: '10',
  });
  const edge = ua('Macintosh; Intel Mac OS X 10_15_7', `${webkit} Chrome/130.0.0.0 Safari/537.36 Edg/130.0.2849.46`);
  t.same(browserOf(edge), { name: 'edge', major: 130 });
  t.same(systemOf(edge), { name: 'macos', version: null });
  const brands = '"Chromium";v="124", "Microsoft Edge";v="124", "Not-A.Brand";v="99"';
  t.same(browserOf({ ...chrome, 'sec-ch-ua': brands }), { name: 'edge', major: 124 });
  t.same(browserOf(ua('X11; Linux x86_64; rv:140.0', 'Gecko/20100101 Firefox/140.0')), { name: 'firefox', major: 140 });
  const iphone = ua(
    'iPhone; CPU iPhone OS 17_5 like Mac OS X',
    'AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1',
  );
  t.same(browserOf(iphone), { name: 'safari', major: 17 });
  t.same(systemOf(iphone), { name: 'ios', version: '17.5' });
  t.same(browserOf({ 'user-agent': 'curl/8.5.0' }), undefined);
  t.same(browserOf({}), undefined);
});

test('versions are compared part by part, and an unknown one is not enough', async (t) => {
  t.ok(isAtLeast('14.5.0', '14.2'));
  t.notOk(isAtLeast('14.1', '14.2'));
  t.ok(isAtLeast('14', '14.0'));
  t.notOk(isAtLeast(null, '10'));
  t.ok(isAtLeast(null, '0'));
  t.same(codes(rule('browser: { chrome: 120 }'), { browser: { name: 'chrome', major: 119 } }), ['browser']);
  t.same(codes(rule('browser: { chrome: 120 }'), { browser: { name: 'firefox', major: 140 } }), ['browser']);
  t.same(codes(rule('browser: { chrome: 120 }'), { browser: { name: 'chrome', major: 120 } }), []);
  t.same(codes(rule('system: { windows: 11, linux: 0 }'), { system: { name: 'linux', version: null } }), []);
  t.same(codes(rule('system: { windows: 11, linux: 0 }'), { system: { name: 'windows', version: '10' } }), ['system']);
});
