// The desk without its looks: the live feed, the softphone, the ring and the devices, joined into one store that pages show.
//
//   before ─startShift▶ starting ─registered▶ on ─endShift▶ before
//
// The server is right about calls and states; what is here follows its snapshots. An older revision is thrown away.

import type { CallView, DeskView, SessionView, SoftphoneSettings } from '../../../src/api/contract.ts';
import type { DeskTenure } from '../../../src/api/contracts/people.ts';
import type { Api } from '../api/client.ts';
import { ApiProblem } from '../api/client.ts';
import { type FeedState, openFeed } from '../api/feed.ts';
import { createDevices, type Devices, type MicrophoneProblem, problemOf } from '../phone/devices.ts';
import { type KeptIce, keepIce } from '../phone/kept-ice.ts';
import type { LineQuality, PhoneEngine, PhoneState } from '../phone/phone-engine.ts';
import { forgetShift, keepShift, keptShift } from '../phone/session-flag.ts';
import { createSounds, type Sounds } from '../phone/sounds.ts';
import { ticketedAddress } from '../phone/ticketed-address.ts';
import { learnServerTime } from '../state/now.ts';
import { createStore, type Store } from '../state/store.ts';
import { onTick } from '../state/ticks.ts';
import type { Refused } from '../text/refusals.ts';
import { createAlert } from './alert.ts';
import { createCommands, type DeskCommands } from './desk-commands.ts';
import { holdDesk, type Tenure } from './one-tab.ts';

export interface Notice {
  kind: 'refused' | 'microphone' | 'microphone-lost';
  /** What could not be done, and why. */
  refused?: Refused;
  microphone?: MicrophoneProblem;
}

/** The desk is at another computer: it was there first, or took the desk from this one. */
export interface Elsewhere extends DeskTenure {
  taken: boolean;
}

export interface DeskModelState {
  tenure: Tenure;
  elsewhere: Elsewhere | undefined;
  shift: 'before' | 'starting' | 'on';
  view: DeskView | undefined;
  feed: FeedState;
  phone: PhoneState;
  /** The call whose audio is up in this page. */
  carrying: string | undefined;
  /** The call that has asked this page's softphone to answer. */
  ringingHere: string | undefined;
  line: LineQuality | undefined;
  audioBlocked: boolean;
  notice: Notice | undefined;
  recent: CallView[] | undefined;
  /** The line is being measured: nothing else may use the softphone. */
  measuring: boolean;
}

/** The softphone on loan. */
export interface BorrowedPhone {
  /** Once it can be called. */
  ready: Promise<PhoneEngine>;
  giveBack(): void;
}

export interface Desk {
  api: Api;
  store: Store<DeskModelState>;
  devices: Devices;
  sounds: Sounds;
  commands: DeskCommands;
  startShift(): Promise<void>;
  endShift(): Promise<void>;
  /** For measuring the line: that of the shift, or one for the moment. */
  borrowPhone(): BorrowedPhone;
  resumeAudio(): Promise<void>;
  takeOver(): void;
  /** From another computer, with the call if there is one. */
  takeOverElsewhere(): Promise<void>;
  dismissNotice(): void;
  close(): void;
}

/** What the parts of a desk share. */
export interface DeskParts {
  api: Api;
  store: Store<DeskModelState>;
  engine(): PhoneEngine | undefined;
  see(view: DeskView): void;
  tell(notice: Notice): void;
}

/** Without a word from the server for so long, connections are dead: it says that it is alive every 15 seconds. */
const silentFeedMs = 32_000;
/** Ticks come every five seconds. One that is later than this was held up by a computer that slept. */
const sleptMs = 12_000;
/** How long a snapshot may miss a call whose audio is here. */
const overForSureMs = 2000;
/** How long the server may say "connected" while this page has no audio before that is shown and mended. */
const audioMissingMs = 4000;
/** The desk was taken over: the server ends this page's audio once the other computer has it; a page does so after this. */
const letGoWithinMs = 4000;

export function createDesk(needs: { api: Api; titleWhenRinging: () => string }): Desk {
  const { api } = needs;
  const store = createStore<DeskModelState>({
    tenure: 'asking',
    elsewhere: undefined,
    shift: 'before',
    view: undefined,
    feed: 'connecting',
    phone: 'off',
    carrying: undefined,
    ringingHere: undefined,
    line: undefined,
    audioBlocked: false,
    notice: undefined,
    recent: undefined,
    measuring: false,
  });
  const kept = keptShift();
  const sounds = createSounds();
  let engine: PhoneEngine | undefined;
  let ice: KeptIce | undefined;
  let revision = -1;
  let feed: ReturnType<typeof openFeed> | undefined;
  let stopTicks = () => {};
  let missingSince: number | undefined;
  let tickedAt = Date.now();
  let takesOver = false;

  const devices = createDevices(kept ?? { microphoneId: undefined, speakerId: undefined }, (chosen) => {
    if (store.get().shift !== 'before') keepShift(chosen);
    void sounds.setSpeaker(chosen.speakerId);
    void engine?.setDevices(chosen);
  });
  void sounds.setSpeaker(kept?.speakerId);
  const alert = createAlert(sounds, needs.titleWhenRinging);
  const parts: DeskParts = { api, store, engine: () => engine, see, tell: (notice) => store.set({ notice }) };
  const commands = createCommands(parts);

  const tab = holdDesk((tenure) => {
    store.set({ tenure });
    if (tenure === 'held') void openWhereFree();
    else closeWindow();
  });

  /** Unless another computer has the desk: then it is said, and nothing is opened. */
  async function openWhereFree(): Promise<void> {
    const there = await api.get<DeskTenure>('/desk/tenure').catch(() => undefined);
    if (store.get().tenure !== 'held') return;
    if (there?.desk === 'elsewhere') store.set({ elsewhere: { ...there, taken: false } });
    else openWindow();
  }

  /** Each ticket is asked for anew: by then the desk may be at another computer, which has taken it over. */
  function askForAddress(settings: SoftphoneSettings): () => Promise<string> {
    const ask = ticketedAddress(api, settings, () => takesOver);
    return async () => {
      try {
        const address = await ask();
        takesOver = false;
        return address;
      } catch (thrown) {
        if (thrown instanceof ApiProblem && thrown.code === 'desk-open-elsewhere') void letGo();
        throw thrown;
      }
    };
  }

  async function letGo(): Promise<void> {
    if (store.get().elsewhere) return;
    const there = await api.get<DeskTenure>('/desk/tenure').catch(() => undefined);
    const nothingKnown = { since: null, userAgent: null, place: null, inCall: false };
    store.set({ elsewhere: { ...nothingKnown, ...there, desk: 'elsewhere', taken: true } });
    // Until the other computer has the audio, the customer hears it from here.
    const old = engine;
    engine = undefined;
    closeWindow();
    forgetShift();
    old?.on('ended', () => void old.stop());
    setTimeout(() => void old?.stop(), letGoWithinMs);
  }

  /** From here on this tab is the desk. */
  function openWindow(): void {
    if (feed) return;
    feed = openFeed(['desk', 'cut'], {
      state: (state) => store.set({ feed: state }),
      opened: () => {
        revision = -1;
      },
      message: (name, data) => {
        if (name === 'desk') see(data as DeskView);
        // A session that is over is noticed by asking; any other cut is followed by a reconnection.
        else void api.get<SessionView>('/session').catch(() => undefined);
      },
    });
    tickedAt = Date.now();
    stopTicks = onTick(tick);
    addEventListener('online', lookAtFeed);
    void commands.refreshRecent();
    void devices.refresh();
  }

  function closeWindow(): void {
    feed?.close();
    feed = undefined;
    stopTicks();
    removeEventListener('online', lookAtFeed);
    alert.quiet();
    void engine?.stop();
    engine = undefined;
    ice?.stop();
    store.set({ shift: 'before', phone: 'off', carrying: undefined });
  }

  function see(view: DeskView): void {
    if (view.revision < revision) return;
    revision = view.revision;
    learnServerTime(view.serverTime);
    const before = store.get().view;
    store.set({ view });
    if (!before && keptShift() && view.state !== 'offline' && store.get().shift === 'before') void resumeShift();
    if (before?.call && !view.call) void commands.refreshRecent();
    follow(view);
  }

  /** Brings the softphone and the ring to what the server says. */
  function follow(view: DeskView): void {
    const { call } = view;
    if (engine?.callId && engine.callId !== call?.id) setTimeout(dropWhatIsOver, overForSureMs);
    engine?.setMuted(call?.muted ?? false);
    const rings = call?.state === 'alerting' && store.get().shift === 'on';
    if (rings) alert.ring(call);
    else alert.quiet();
  }

  /** Its BYE may have been lost with a connection. Snapshots and SIP travel apart, so this is not done at the first sight. */
  function dropWhatIsOver(): void {
    const { view, feed: connection } = store.get();
    if (store.get().measuring && !view?.call) return;
    if (connection === 'live' && engine?.callId && engine.callId !== view?.call?.id) engine.drop(engine.callId);
  }

  async function resumeShift(): Promise<void> {
    await Promise.all([begin(), sounds.unlock()]);
    if (sounds.blocked) store.set({ audioBlocked: true });
  }

  async function begin(): Promise<void> {
    store.set({ shift: 'starting', notice: undefined });
    try {
      const settings = await api.get<SoftphoneSettings>('/desk/softphone');
      // sip.js is the larger half of the desk, and nobody needs it to sign in.
      const { createSipJsEngine } = await import('../phone/sip-js-engine.ts');
      ice?.stop();
      ice = keepIce(api, settings);
      engine = createSipJsEngine({
        ...settings,
        ice: ice.current,
        webSocketUrl: askForAddress(settings),
      });
      watchEngine(engine);
      keepShift(devices.store.get().chosen);
      await engine.start(devices.store.get().chosen);
    } catch (thrown) {
      commands.explain(thrown);
      store.set({ shift: 'before' });
    }
  }

  function watchEngine(watched: PhoneEngine): void {
    watched.on('state', (phone) => {
      store.set({ phone });
      if (phone === 'registered') store.set({ shift: 'on' });
      const { view } = store.get();
      if (view) follow(view);
    });
    watched.on('ringing', ({ callId, purpose }) => {
      if (purpose === 'measure') return;
      store.set({ ringingHere: callId });
      if (!purpose) commands.ringing(callId);
    });
    watched.on('connected', ({ callId }) => {
      if (store.get().measuring && !store.get().view?.call) return;
      missingSince = undefined;
      store.set({ carrying: callId, ringingHere: undefined, line: undefined });
      // Names of devices are told once a microphone is in use.
      void devices.refresh();
    });
    watched.on('ended', () => store.set({ carrying: undefined, ringingHere: undefined, line: undefined }));
    watched.on('quality', (line) => store.set({ line }));
    watched.on('microphoneFailed', (error) =>
      store.set({ notice: { kind: 'microphone', microphone: problemOf(error) } }),
    );
    watched.on('microphoneLost', () => store.set({ notice: { kind: 'microphone-lost' } }));
    watched.on('mediaFailed', ({ callId }) => void commands.reattach(callId));
    watched.on('audioBlocked', () => store.set({ audioBlocked: true }));
  }

  function tick(): void {
    engine?.check();
    ice?.check();
    const now = Date.now();
    const slept = now - tickedAt > sleptMs;
    tickedAt = now;
    if (slept || (feed && now - feed.heardAt > silentFeedMs)) {
      engine?.renew();
      lookAtFeed();
    }
    mendMissingAudio();
  }

  /** The connection may have died without a word: another one, and what is true now meanwhile. */
  function lookAtFeed(): void {
    feed?.reopen();
    void probe();
  }

  async function probe(): Promise<void> {
    try {
      see(await api.get<DeskView>('/desk'));
    } catch (thrown) {
      if (thrown instanceof ApiProblem && thrown.status !== 0) return;
      store.set({ feed: 'lost' });
    }
  }

  /** The call goes on at the server but has no audio here: have the server call this desk again. */
  function mendMissingAudio(): void {
    const { view, phone, shift } = store.get();
    const call = view?.call;
    const missing =
      shift === 'on' &&
      phone === 'registered' &&
      call !== undefined &&
      call !== null &&
      (call.state === 'connected' || call.state === 'detached') &&
      !engine?.carries(call.id);
    if (!missing) {
      missingSince = undefined;
      return;
    }
    missingSince ??= Date.now();
    if (Date.now() - missingSince < audioMissingMs) return;
    missingSince = Date.now();
    void commands.reattach(call.id);
  }

  return {
    api,
    store,
    devices,
    sounds,
    commands,
    async startShift() {
      await sounds.unlock();
      await begin();
      if (store.get().view?.state === 'offline') await commands.setState('not-ready', 'start');
    },
    async endShift() {
      await commands.setState('offline');
      forgetShift();
      const stopping = engine;
      engine = undefined;
      alert.quiet();
      store.set({ shift: 'before', phone: 'off', carrying: undefined });
      await stopping?.stop();
    },
    borrowPhone() {
      store.set({ measuring: true });
      const own = engine;
      const lent = own ? undefined : import('./lent-phone.ts').then(({ lendPhone }) => lendPhone(api, devices));
      return {
        ready: own ? Promise.resolve(own) : lent!.then((phone) => phone.ready),
        giveBack() {
          store.set({ measuring: false });
          lent?.then((phone) => phone.stop()).catch(() => undefined);
        },
      };
    },
    async resumeAudio() {
      store.set({ audioBlocked: false });
      await sounds.unlock();
      if (store.get().carrying) await engine?.resumeAudio();
    },
    takeOver: () => tab.takeOver(),
    async takeOverElsewhere() {
      const { elsewhere } = store.get();
      takesOver = true;
      revision = -1;
      store.set({ elsewhere: undefined, view: undefined });
      openWindow();
      await sounds.unlock();
      // With a call the desk is at work at once; otherwise what comes before a shift comes first, and the desk comes with it.
      if (elsewhere?.inCall) await begin();
    },
    dismissNotice: () => store.set({ notice: undefined }),
    close() {
      // Signed out. A reload does not come here.
      forgetShift();
      tab.release();
      closeWindow();
      devices.close();
    },
  };
}
