// One trunk at work: which of its targets live, whether it is registered, how many calls it carries and how fast they come.
// Health comes from OPTIONS (any answer but 408 and 503 is a sign of life) and, without OPTIONS, from calls that failed.
//
//   target: up ─ two unanswered OPTIONS, or a call that found nobody ─▶ down ─ an answer, or 30 s without OPTIONS ─▶ up
//   trunk:  up while a target is up (or there are none) and, if it registers, while it is registered

import { formatHostPort } from '../../protocol/sip/uri.ts';
import { createAddressMatch } from '../../shared/address-match.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Random } from '../../shared/random.ts';
import type { ControlLink } from '../link/control-link.ts';
import type { TrunkSettings, TrunkTarget } from '../trunk-settings.ts';
import { createRegistration, type Registration } from './registration.ts';

export interface TargetState {
  readonly target: TrunkTarget;
  readonly label: string;
  up: boolean;
}

export interface TrunkState {
  up: boolean;
  because: string;
}

export interface Trunk {
  readonly settings: TrunkSettings;
  readonly targets: readonly TargetState[];
  readonly state: TrunkState;
  /** Null when this trunk does not register. */
  readonly registered: boolean | null;
  readonly activeCalls: number;
  readonly registration: Registration | undefined;
  ownsAddress(address: string): boolean;
  /** Counts a call; undefined when the trunk is full or calls come too fast. Call the result once when it is over. */
  admitCall(): (() => void) | undefined;
  /** What a call or an OPTIONS learned about a target. */
  saw(target: TargetState, alive: boolean, because: string): void;
  start(): void;
  close(): Promise<void>;
}

export interface TrunkOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  settings: TrunkSettings;
  /** A connected control link, or undefined. */
  link: () => ControlLink | undefined;
  onState: (state: TrunkState) => void;
  /** See RegistrationOptions. */
  mayRegister?: (() => boolean) | undefined;
}

const missesUntilDown = 2;
const penaltyMs = 30_000;

export function createTrunk({ clock, random, log, settings, link, onState, mayRegister }: TrunkOptions): Trunk {
  const misses = new Map<TargetState, number>();
  const targets = settings.targets.map<TargetState>((target) => ({
    target,
    label: `${settings.name}/${formatHostPort(target.host, target.port)}`,
    up: true,
  }));
  const match = createAddressMatch(settings.addresses);
  const registration = settings.register
    ? createRegistration({
        clock,
        random,
        log,
        trunk: settings.name,
        settings: settings.register,
        link,
        onChange: report,
        ...(mayRegister ? { mayRegister } : {}),
      })
    : undefined;
  const timers: { cancel(): void }[] = [];
  let activeCalls = 0;
  let started = false;
  let heard = false;
  let tokens = Math.max(1, settings.maxCallsPerSecond);
  let tokensAt = clock.now();
  let state: TrunkState = { up: false, because: 'not started' };

  function report(): void {
    const fresh = currentState();
    // Down for another reason is news too: the first failure of a registration that never was up.
    const news = fresh.up !== state.up || (!fresh.up && fresh.because !== state.because && started);
    state = fresh;
    if (!news) return;
    log[fresh.up ? 'info' : 'warn']({ trunk: settings.name, because: fresh.because }, 'trunk state');
    onState(fresh);
  }

  function currentState(): TrunkState {
    if (registration && !registration.registered && !registration.leftToAnother)
      return { up: false, because: registration.because };
    if (targets.length > 0 && !targets.some((target) => target.up)) return { up: false, because: 'no target answers' };
    if (registration) return { up: true, because: registration.because };
    return { up: true, because: heard ? 'answers' : 'nothing said against it yet' };
  }

  function saw(target: TargetState, alive: boolean, because: string): void {
    heard ||= alive;
    const missed = alive ? 0 : (misses.get(target) ?? 0) + 1;
    misses.set(target, missed);
    const asks = settings.optionsIntervalSeconds > 0;
    const up = alive || (asks && missed < missesUntilDown && target.up);
    if (!alive && !asks) clock.after(penaltyMs, () => saw(target, true, 'tried again'));
    if (up === target.up) return;
    target.up = up;
    log[up ? 'info' : 'warn']({ target: target.label, because }, 'trunk target');
    report();
  }

  function ping(target: TargetState): void {
    const through = link();
    if (!through) return;
    const { host, port, transport } = target.target;
    const hop = `sip:${formatHostPort(host, port)}${transport === 'udp' ? '' : `;transport=${transport}`}`;
    through.request(
      { method: 'OPTIONS', uri: hop, headers: { Accept: 'application/sdp', 'User-Agent': 'Engawa' } },
      {
        response(response) {
          if (response.status < 200) return;
          saw(target, response.status !== 408 && response.status !== 503, `OPTIONS ${response.status}`);
        },
        failed(because) {
          // Our own server being away says nothing about the carrier.
          if (because === 'timeout') saw(target, false, 'OPTIONS unanswered');
        },
      },
    );
  }

  function admitCall(): (() => void) | undefined {
    if (settings.maxCalls > 0 && activeCalls >= settings.maxCalls) return undefined;
    if (settings.maxCallsPerSecond > 0) {
      const now = clock.now();
      const burst = Math.max(1, settings.maxCallsPerSecond);
      tokens = Math.min(burst, tokens + ((now - tokensAt) / 1000) * settings.maxCallsPerSecond);
      tokensAt = now;
      if (tokens < 1) return undefined;
      tokens -= 1;
    }
    activeCalls++;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      activeCalls--;
    };
  }

  return {
    settings,
    targets,
    get state() {
      return state;
    },
    get registered() {
      return registration ? registration.registered : null;
    },
    get activeCalls() {
      return activeCalls;
    },
    registration,
    ownsAddress: (address) => match.matches(address),
    admitCall,
    saw,
    start() {
      for (const bad of match.unreadable) log.error({ trunk: settings.name, entry: bad }, 'not an address or network');
      report();
      started = true;
      registration?.start();
      if (settings.optionsIntervalSeconds === 0) return;
      const intervalMs = settings.optionsIntervalSeconds * 1000;
      for (const target of targets) {
        // Spread, so that many targets do not ask at once.
        timers.push(clock.after(random.integer(0, Math.min(intervalMs, 2_000)), () => ping(target)));
        timers.push(clock.every(intervalMs, () => ping(target)));
      }
    },
    async close() {
      for (const timer of timers.splice(0)) timer.cancel();
      await registration?.close();
    },
  };
}
