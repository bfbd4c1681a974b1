// The places of the lab, each in a network namespace of its own: a site has a public address on the wire; a home has a private one behind
// a router that translates (nftables masquerade, the mapping depends on the destination as in many home routers). Needs root, ip, nft and socat.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Wire } from './wire.ts';

export interface Site {
  readonly name: string;
  /** Its own address; for a home the private one. */
  readonly address: string;
  /** The address whose line the wire can spoil; for a home its router's. */
  readonly lineAddress: string;
  /** Starts a program inside, with an IPC channel for programs of ours. */
  run(command: string, args: readonly string[], options?: { env?: Record<string, string> }): ChildProcess;
}

export interface Sites {
  site(name: string, hostNumber: number): Promise<Site>;
  home(name: string, hostNumber: number): Promise<Site>;
  close(): void;
}

const prefix = 'egw-';
/** Room for the tunnel's own headers. */
const mtu = 1400;

/** What a home router does: nothing comes in that was not asked for, and what goes out gets a port of the router's. */
const homeRouter = `
table ip home {
  chain out {
    type nat hook postrouting priority 100
    oifname "wan" masquerade random
  }
  chain in {
    type filter hook forward priority 0; policy drop
    iifname "lan" accept
    ct state established,related accept
  }
}`;

function must(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.trim()}`);
}

const ip = (...args: string[]) => must('ip', ...args);

/** What keeps the lab from running here, in a sentence; undefined: nothing. */
export function labNeeds(): string | undefined {
  if (process.getuid?.() !== 0) return 'The lab makes network namespaces: run it as root.';
  for (const [tool, hint] of [
    ['ip', 'iproute2'],
    ['nft', 'nftables'],
    ['socat', 'socat'],
  ] as const) {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
      return `The lab needs ${tool}: apt-get install ${hint}.`;
  }
  return undefined;
}

export function createSites(wire: Wire): Sites {
  const namespaces: string[] = [];
  const children = new Set<ChildProcess>();

  function start(namespace: string, command: string, args: readonly string[], env?: Record<string, string>) {
    const child = spawn('ip', ['netns', 'exec', namespace, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env },
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }

  function makeNamespace(name: string): string {
    const namespace = prefix + name;
    spawnSync('ip', ['netns', 'del', namespace]);
    ip('netns', 'add', namespace);
    namespaces.push(namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    return namespace;
  }

  /** Gives a namespace its tun device on the wire: 10.77.0.n. The tunnel runs over a link that nothing else uses. */
  async function plugIn(namespace: string, hostNumber: number): Promise<string> {
    const address = `10.77.0.${hostNumber}`;
    const outside = `${prefix}${hostNumber}`;
    const [near, far] = [`169.254.${hostNumber}.1`, `169.254.${hostNumber}.2`];
    spawnSync('ip', ['link', 'del', outside]);
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'tunnel', 'netns', namespace);
    ip('addr', 'add', `${near}/30`, 'dev', outside);
    ip('link', 'set', outside, 'up');
    ip('-n', namespace, 'addr', 'add', `${far}/30`, 'dev', 'tunnel');
    ip('-n', namespace, 'link', 'set', 'tunnel', 'up');
    await wire.attach({ address, local: { host: near, port: 7000 }, remote: { host: far, port: 7000 } });
    start(namespace, 'socat', [
      '-b65536',
      `UDP-DATAGRAM:${near}:7000,bind=${far}:7000`,
      `TUN:${address}/24,tun-name=wan,iff-no-pi,up`,
    ]);
    await until(() => spawnSync('ip', ['-n', namespace, 'link', 'set', 'wan', 'mtu', String(mtu)]).status === 0);
    return address;
  }

  function asSite(name: string, namespace: string, address: string, lineAddress: string): Site {
    return {
      name,
      address,
      lineAddress,
      run: (command, args, options) => start(namespace, command, args, options?.env),
    };
  }

  return {
    async site(name, hostNumber) {
      const namespace = makeNamespace(name);
      const address = await plugIn(namespace, hostNumber);
      return asSite(name, namespace, address, address);
    },
    async home(name, hostNumber) {
      const router = makeNamespace(`${name}-router`);
      const inside = makeNamespace(name);
      const lineAddress = await plugIn(router, hostNumber);
      ip('-n', router, 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', inside);
      ip('-n', router, 'addr', 'add', '192.168.1.1/24', 'dev', 'lan');
      ip('-n', router, 'link', 'set', 'lan', 'up');
      ip('-n', inside, 'addr', 'add', '192.168.1.2/24', 'dev', 'eth0');
      ip('-n', inside, 'link', 'set', 'eth0', 'mtu', String(mtu), 'up');
      ip('-n', inside, 'route', 'add', 'default', 'via', '192.168.1.1');
      must('ip', 'netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
      must('ip', 'netns', 'exec', router, 'nft', homeRouter);
      return asSite(name, inside, '192.168.1.2', lineAddress);
    },
    close() {
      for (const child of children) child.kill('SIGKILL');
      for (const namespace of namespaces) spawnSync('ip', ['netns', 'del', namespace]);
    },
  };
}

async function until(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    if (done()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('a tun device did not come up within 5 s');
}
