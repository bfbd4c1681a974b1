// The Helm chart, rendered here: every part refers to what is there, the configuration in it is one that Engawa takes, and
// nothing runs as root.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { parseConfig } from '../../src/config.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { renderChart } from '../support/servers/helm-template.ts';

interface Container {
  name: string;
  image: string;
  command?: string[];
  env?: { name: string; value?: string }[];
  securityContext: Record<string, unknown>;
  volumeMounts: { name: string; mountPath: string }[];
  resources?: { requests?: object; limits?: object };
}
interface PodSpec {
  hostNetwork?: boolean;
  securityContext: { runAsUser: number };
  nodeSelector?: object;
  initContainers?: Container[];
  containers: Container[];
  volumes: { name: string; secret?: { secretName: string; items?: { key: string }[]; defaultMode: number } }[];
}
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels: Record<string, string> };
  data?: Record<string, string>;
  spec: {
    serviceName: string;
    replicas: number;
    selector: { matchLabels: Record<string, string> } & Record<string, string>;
    template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
    volumeClaimTemplates?: { metadata: { name: string } }[];
  };
}

const chart = join(projectRoot, 'deploy/helm/engawa');
const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const complete = {
  drachtio: { replicas: 2, env: { SIP_EXTERNAL_IP: '198.51.100.1' } },
  freeswitch: { image: 'registry.example.com/freeswitch:1.10.12', env: { FS_EXT_RTP_IP: '198.51.100.2' } },
  coturn: { mediaPeers: '198.51.100.2' },
};

function manifests(values: object): Manifest[] {
  return [...renderChart(chart, values, 'prod')]
    .filter(([name]) => name.endsWith('.yaml'))
    .flatMap(([name, text]) =>
      parseAllDocuments(text).flatMap((document) => {
        if (document.errors.length > 0) throw new Error(`${name}: ${document.errors[0]?.message}\n${text}`);
        return document.toJS() ? [document.toJS() as Manifest] : [];
      }),
    );
}

const all = manifests(complete);
const sets = all.filter(({ kind }) => kind === 'StatefulSet');

t.test('with everything on, nodes and servers are there; what is not named is not started', (t) => {
  const names = (given: Manifest[]) =>
    given
      .filter(({ kind }) => kind === 'StatefulSet')
      .map(({ metadata }) => metadata.name)
      .sort();
  t.same(names(all), ['prod-engawa', 'prod-engawa-coturn', 'prod-engawa-drachtio']);
  t.same(names(manifests({})), ['prod-engawa', 'prod-engawa-drachtio']);
  const notes = renderChart(chart, {}).get('NOTES.txt') ?? '';
  t.match(notes, /the nodes carry media themselves/);
  t.match(notes, /no TURN server is started/);
  t.throws(() => renderChart(chart, { secretName: '' }), /secretName is needed/);
  t.end();
});

t.test('names, selectors, volumes and services refer to what is there', (t) => {
  const keys = all.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  t.equal(new Set(keys).size, keys.length, 'no name twice');
  for (const { apiVersion, kind, metadata } of all) {
    t.match(metadata.name, /^[a-z0-9-]{1,63}$/);
    t.equal(apiVersion, { StatefulSet: 'apps/v1', PodDisruptionBudget: 'policy/v1' }[kind] ?? 'v1', kind);
    t.equal(metadata.labels['app.kubernetes.io/instance'], 'prod');
  }
  for (const { metadata, spec } of sets) {
    t.ok(keys.includes(`Service/${spec.serviceName}`), `${metadata.name}: ${spec.serviceName}`);
    t.match(spec.template.metadata.labels, spec.selector.matchLabels, `${metadata.name} selects its own pods`);
    const { volumes, containers, initContainers = [] } = spec.template.spec;
    const there = [
      ...volumes.map(({ name }) => name),
      ...(spec.volumeClaimTemplates ?? []).map((one) => one.metadata.name),
    ];
    for (const container of [...containers, ...initContainers])
      for (const { name } of container.volumeMounts) t.ok(there.includes(name), `${metadata.name}: ${name}`);
  }
  t.end();
});

t.test('nothing is root, every image has a version, and servers have hosts of their own', (t) => {
  for (const { metadata, spec } of sets) {
    const pod = spec.template.spec;
    t.ok(pod.securityContext.runAsUser > 0, metadata.name);
    for (const { name, image, securityContext, resources } of [...pod.containers, ...(pod.initContainers ?? [])]) {
      t.match(image, /:v?\d+\.\d+/, `${name}: ${image}`);
      t.match(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
      });
      if (name !== 'configuration') t.ok(resources?.requests && resources.limits, `${name} says what it needs`);
    }
    if (pod.hostNetwork)
      t.ok(Object.keys(pod.nodeSelector ?? {}).length > 0, `${metadata.name} runs on hosts that are chosen`);
  }
  t.end();
});

t.test('variables are read, and secrets are those that deploy/make-secrets.sh makes', (t) => {
  const made = read('deploy/make-secrets.sh');
  const readers: Record<string, string> = {
    engawa: read('compose.yaml') + read('src/config.ts'),
    drachtio: read('config/drachtio/start.sh'),
    freeswitch: read('config/freeswitch/start.sh') + read('config/freeswitch/vars.xml'),
    coturn: read('config/coturn/start.sh'),
  };
  for (const { spec } of sets) {
    const { containers, volumes, initContainers = [] } = spec.template.spec;
    for (const { name, env = [], command } of containers) {
      for (const variable of env) {
        t.ok(readers[name]?.includes(variable.name), `${name} reads ${variable.name}`);
        const secret = /^\/secrets\/(.+)$/.exec(variable.value ?? '')?.[1];
        if (secret) t.match(made, `write ${secret} `, `${secret} is made`);
      }
      if (command) t.same(initContainers[0]?.command, ['cp', '-r', `/engawa/config/${name}/.`, '/config/']);
    }
    for (const { secret } of volumes)
      if (secret) {
        t.ok(['engawa-secrets', 'engawa-tls'].includes(secret.secretName));
        t.equal(secret.defaultMode, 0o440);
      }
  }
  t.end();
});

t.test('the configuration in it is one that Engawa takes', (t) => {
  const text = all.find(({ kind }) => kind === 'ConfigMap')?.data?.['engawa.yaml'] ?? '';
  const environment = { ENGAWA_DATABASE_URL: 'x', ENGAWA_TURN_SECRET: 'x', ENGAWA_REDIS_URL: 'redis://x' };
  const { config } = parseConfig(text, 'engawa.yaml', environment);
  t.match(config.media, { kind: 'freeswitch', servers: [{ host: '127.0.0.1' }] });
  const plain = manifests({}).find(({ kind }) => kind === 'ConfigMap')?.data?.['engawa.yaml'] ?? '';
  const own = parseConfig(plain, 'engawa.yaml', { ...environment, ENGAWA_MEDIA_ADDRESS: '192.0.2.7' }).config;
  t.match(own.media, { kind: 'embedded', address: '192.0.2.7', webrtcPort: 30_000 });
  t.match(config, { database: { kind: 'postgres' }, liveState: { kind: 'redis' }, http: { port: 8443 } });
  const services = all.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name);
  if (config.sip.kind !== 'drachtio') throw new Error('drachtio was wanted');
  t.equal(config.sip.servers.length, 2);
  for (const { host } of config.sip.servers) t.ok(services.includes(host.split('.')[1]!), host);
  t.ok(parse(text));
  t.end();
});
