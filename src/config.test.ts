import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseConfig } from './config.ts';
import { AppError } from './shared/errors.ts';

const recipients = 'recording: {recipients: [age1hx9m97tdlgptp89fqrwrsvmh6mluzyrc47gkaq4qghs4mjmcm9eq4wjct7]}\n';

function problemsOf(text: string, environment: NodeJS.ProcessEnv = {}): string {
  try {
    parseConfig(text, 'engawa.yaml', environment);
    return '';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.message;
  }
}

t.test('a nearly empty file is a working configuration of embedded parts', async (t) => {
  const { config } = parseConfig(recipients, 'engawa.yaml');
  t.match(config, {
    demo: false,
    http: { host: '127.0.0.1', port: 8080 },
    sip: { kind: 'embedded', listen: ['udp/127.0.0.1:5060', 'tcp/127.0.0.1:5060'] },
    media: { kind: 'embedded' },
    database: { kind: 'embedded' },
    liveState: { kind: 'memory' },
  });
  t.ok(Object.isFrozen(config.http));
});

t.test('the example and the demo are configurations that can be read', async (t) => {
  for (const file of ['config/example.yaml', 'config/demo.yaml'])
    t.doesNotThrow(() => parseConfig(readFileSync(file, 'utf8'), file));
});

t.test('beyond loopback a certificate is required, and the demo stays on loopback', async (t) => {
  t.match(problemsOf(`${recipients}http: {host: 0.0.0.0}`), 'http.tls needs certFile and keyFile');
  t.match(problemsOf('demo: true\nhttp: {host: 0.0.0.0, tls: {certFile: a, keyFile: b}}'), 'loopback only');
  t.match(problemsOf("demo: true\nsip: {kind: embedded, listen: ['udp/0.0.0.0:5060']}"), 'loopback only');
});

t.test('without a key to seal recordings to, nothing starts', async (t) => {
  t.match(problemsOf(''), 'recording.recipients is empty');
});

t.test('an address that means all addresses is not one to offer', async (t) => {
  t.match(problemsOf(`${recipients}media: {address: 0.0.0.0}`), 'set media.publicAddress');
  t.match(problemsOf(`${recipients}media: {address: '::'}`), 'set media.publicAddress');
  t.equal(problemsOf(`${recipients}media: {address: 0.0.0.0, publicAddress: 203.0.113.7}`), '');
});

t.test('networks of sites are networks, and a reverse proxy before them is named', async (t) => {
  const site = (network: string) => `policy: {sites: [{name: Osaka, networks: ["${network}"]}]}\n`;
  t.match(problemsOf(`${recipients}${site('198.51.100.0/33')}`), /“198\.51\.100\.0\/33” is no address or network/);
  const proxied = `${recipients}${site('198.51.100.0/24')}http: {publicUrl: "https://pbx.example"}`;
  t.match(problemsOf(proxied), /name the proxy in http\.trustedProxies/);
  t.doesNotThrow(() => parseConfig(`${proxied.slice(0, -1)}, trustedProxies: [10.0.0.1]}`, 'engawa.yaml'));
});

t.test('a log level that does not exist is a mistake', async (t) => {
  t.match(problemsOf(`${recipients}log: {level: loud}`), /engawa\.yaml:2:14: .*level/);
});

t.test('a mistake has file, line, column and a sentence', async (t) => {
  t.match(problemsOf(`${recipients}htpp: {}`), /^engawa\.yaml:2:1: "htpp" is not known here; did you mean "http"\?$/);
});

t.test('the environment overrides the file, and passwords of trunks can come from it', async (t) => {
  const { config } = parseConfig(`${recipients}http: {port: 1}`, 'engawa.yaml', { ENGAWA_HTTP_PORT: '9000' });
  t.equal(config.http.port, 9000);
  t.match(problemsOf(recipients, { ENGAWA_HTTP_PORT: 'abc' }), 'ENGAWA_HTTP_PORT must be 0 to 65535');
  t.match(problemsOf(recipients, { ENGAWA_LOG_LEVEL: 'loud' }), 'ENGAWA_LOG_LEVEL must be one of: fatal, error');
  const trunk = `${recipients}trunks: [{name: a, digest: {user: u, password: 'env:TRUNK_A'}}]`;
  t.equal(parseConfig(trunk, 'engawa.yaml', { TRUNK_A: 'x' }).config.trunks[0]?.digest?.password, 'x');
  t.match(problemsOf(trunk), 'takes its password from TRUNK_A, which is not set');
});

t.test('live state in Redis needs to know where that is', async (t) => {
  const text = `${recipients}liveState: {kind: redis}
database: {kind: postgres}
sip: {kind: embedded, control: {listen: '127.0.0.1:9022'}}
`;
  t.match(problemsOf(text, { ENGAWA_DATABASE_URL: 'postgres://x' }), 'set ENGAWA_REDIS_URL');
  t.match(problemsOf(`${recipients}liveState: {kind: redis}`), /set sip.control.listen[\s\S]*set database.kind/);
  const { config, choices } = parseConfig(text, 'engawa.yaml', {
    ENGAWA_DATABASE_URL: 'postgres://x',
    ENGAWA_REDIS_URL_FILE: '/run/secrets/redis-url',
  });
  t.match(config.liveState, { kind: 'redis', keyPrefix: 'engawa', lapseSeconds: 4 });
  t.ok(choices.includes('live state: Redis (ENGAWA_REDIS_URL)'));
  t.match(problemsOf(`${recipients}liveState: {kind: redis, keyPrefix: '{x}'}`), 'keyPrefix');
});

t.test('several drachtio-servers, each with a name of its own', async (t) => {
  const { config, choices } = parseConfig(
    `${recipients}sip: {kind: drachtio, region: tokyo, listen: '10.0.0.9:9023', servers: [{host: a}, {host: b, port: 9122, name: west}]}`,
    'engawa.yaml',
  );
  t.match(config.sip, { servers: [{ host: 'a', port: 9022, secret: 'env:ENGAWA_DRACHTIO_SECRET' }, { name: 'west' }] });
  t.ok(choices.includes('SIP server: drachtio-server at a:9022, b:9122'));
  t.match(problemsOf(`${recipients}sip: {kind: drachtio, servers: []}`), 'sip.servers is empty');
  t.match(
    problemsOf(`${recipients}sip: {kind: drachtio, servers: [{host: a}, {host: a}]}`),
    'sip.servers: “a:9022” is there twice',
  );
});

t.test('what calling out names must be there', async (t) => {
  const said = problemsOf(
    `${recipients}telephones: {presentedNumber: "+81312345678"}\ndialling: {emergencyTrunk: site, caps: [{name: empty}]}\n`,
  );
  t.match(said, 'telephones.presentedNumber must be one of company.numbers');
  t.match(said, 'dialling.emergencyTrunk is “site”, but there is no trunk of that name');
  t.match(said, 'dialling.caps: “empty” limits nothing');
});

t.test('a recording server is called over what our own server has', async (t) => {
  const siprec = (server: string, more = '') => problemsOf(`${recipients}siprec: {server: '${server}'${more}}`);
  t.match(siprec('sip:srs.example.net;transport=tls'), 'sip.listen needs a tls/ address to call from');
  t.match(siprec('sip:srs.example.net'), 'the keys travel in SIP, so siprec.server needs ;transport=tls.');
  t.equal(siprec('sip:srs.example.net;transport=tcp', ', srtp: false'), '');
});
