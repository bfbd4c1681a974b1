// The systemd units: systemd itself reads them, each is hardened, and they start and hand over what is there and is read.

import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { projectRoot } from '../../src/shared/paths.ts';

const folder = join(projectRoot, 'deploy/systemd');
const units = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
const version = Number(
  /^systemd (\d+)/.exec(spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1],
);
// 250 is the first that looks at files without a running systemd.
const noSystemd = version >= 250 ? false : 'systemd-analyze 250 or later is not here';

t.test('systemd has nothing against them', { skip: noSystemd }, (t) => {
  // Where an installation would have its program, this test has its own.
  const here = units.map(({ name, text }) => {
    const path = join(t.testdirName, name);
    return {
      path,
      text: text.replaceAll('/opt/engawa/', `${projectRoot}/`).replace('/usr/bin/node', process.execPath),
    };
  });
  t.testdir({});
  for (const { path, text } of here) writeFileSync(path, text);
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...here.map(({ path }) => path)], {
    encoding: 'utf8',
  });
  t.equal(stderr, '');
  t.equal(status, 0);
  const broken = join(t.testdirName, 'broken.service');
  writeFileSync(broken, '[Service]\nExecStart=/bin/true\nNoSuchSetting=yes\n');
  t.match(
    spawnSync('systemd-analyze', ['verify', broken], { encoding: 'utf8' }).stderr,
    /NoSuchSetting/,
    'it would say so',
  );
  t.end();
});

t.test('each is exposed to 2 of 10 at the most', { skip: noSystemd }, (t) => {
  for (const { name } of units) {
    const told = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', join(folder, name)], {
      encoding: 'utf8',
    });
    const level = Number(/Overall exposure level for .*: ([\d.]+)/.exec(told)?.[1]);
    t.ok(level <= 2, `${name}: ${level}`);
  }
  t.end();
});

t.test('what they start is there, what they set is read, and no secret is in them', (t) => {
  const scripts: Record<string, string[]> = {
    'drachtio.service': ['config/drachtio/start.sh'],
    'freeswitch.service': ['config/freeswitch/start.sh', 'config/freeswitch/vars.xml'],
    'engawa-turn.service': ['config/coturn/start.sh'],
  };
  const program = readFileSync(join(projectRoot, 'compose.yaml'), 'utf8');
  for (const { name, text } of units) {
    const start = /^ExecStart=(\S+)/m.exec(text)?.[1] ?? '';
    const script = scripts[name]?.[0];
    if (script) {
      t.equal(start, `/opt/engawa/${script}`);
      t.ok(statSync(join(projectRoot, script)).mode & 0o111, `${script} is a program`);
    } else t.equal(start, '/usr/bin/node');
    const reads =
      (scripts[name] ?? []).map((file) => readFileSync(join(projectRoot, file), 'utf8')).join('\n') || program;
    for (const [, variable, value] of text.matchAll(/^Environment=(\w+)=(.*)$/gm)) {
      t.ok(variable === 'NODE_ENV' || reads.includes(variable!), `${name}: ${variable} is read`);
      const credential = /^%d\/(.+)$/.exec(value!)?.[1];
      if (credential)
        t.match(text, new RegExp(`^LoadCredential=${credential}:/etc/engawa/`, 'm'), `${name}: ${credential}`);
      else t.notMatch(variable!, /SECRET|PASSWORD|KEY$/, `${name}: ${variable} is no secret`);
    }
    for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'LimitCORE=0', 'RestrictNamespaces=yes'])
      t.ok(text.includes(`\n${line}\n`), `${name}: ${line}`);
    t.match(text, /^(User=(?!root)\w+|DynamicUser=yes)$/m, `${name} is not root`);
  }
  t.match(units.find(({ name }) => name === 'freeswitch.service')?.text ?? '', /^LimitRTPRIO=/m);
  t.end();
});
