// An agent's desk without a browser: signs in by REST (cookie and CSRF), follows the live feed, registers over SIP on
// WebSocket at /sip, answers what rings with a tone of its own, and hears. Everything goes through a recording proxy, so that
// every byte this home received can be searched. It does what the page does, in the order in which the page does it, and
// shares no code with it.

import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { CallView, DeskView, SessionView, SoftphoneSettings } from '../../../src/api/contract.ts';
import type { OnPath } from '../attack/on-path.ts';
import { type EventSourceReader, readEvents, type SentEvent } from '../centre/event-source.ts';
import { eventually } from '../eventually.ts';
import { createRecordingProxy, type RecordingProxy } from '../recording/recording-proxy.ts';
import { newBranch, newTag, type PartyMessage, readMessage, responseText } from '../sip/sip-party.ts';
import { createRobotMedia, type Impairment, type RobotMedia, type RobotRelay } from './robot-media.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface RobotLine {
  readonly callId: string;
  readonly purpose: 'outbound' | 'attach' | 'monitor' | 'measure' | null;
  readonly invite: PartyMessage;
  /** The one in use: a re-INVITE brings a new one, as a browser restarts ICE and DTLS in its place. */
  media: RobotMedia;
  /** Offers of Engawa within the dialog, oldest first. */
  readonly offers: PartyMessage[];
  state: 'ringing' | 'answered' | 'ended';
  /** Its WebSocket is open: what the server says about it can be heard. */
  readonly reachable: boolean;
}

export interface RestAnswer<T = unknown> {
  status: number;
  body: T;
}

export interface RobotDesk {
  readonly login: string;
  readonly personId: string;
  /** Of its session. */
  readonly cookie: string;
  readonly proxy: RecordingProxy;
  /** The latest that the feed told of the desk. */
  readonly view: DeskView;
  /** Everything of the feed, over all connections. */
  readonly feed: SentEvent[];
  /** Calls that rang, oldest first; the last one that has not ended is the line in use. */
  readonly lines: RobotLine[];
  readonly line: RobotLine | undefined;
  rest<T = unknown>(method: string, path: string, body?: unknown): Promise<RestAnswer<T>>;
  /** Waits until the desk shows what fits. */
  shows(what: string, fits: (desk: DeskView) => boolean, withinMs?: number): Promise<DeskView>;
  inState(state: DeskView['state'], withinMs?: number): Promise<DeskView>;
  setState(state: 'available' | 'not-ready' | 'offline', because?: string): Promise<void>;
  /** A command to the call that the desk shows; rejects unless it was accepted. */
  command(name: string, body?: unknown): Promise<void>;
  dial(
    to: { alias: string } | { number: string },
    reason?: string,
  ): Promise<RestAnswer<{ callId: string; code?: string; detail?: string }>>;
  /** Opens /sip and registers; from another computer that has the desk, too, unless `takeOver` is false. */
  connectPhone(options?: { takeOver?: boolean }): Promise<void>;
  /** Waits for a call that rings and is not of an earlier `rings`. */
  rings(withinMs?: number): Promise<RobotLine>;
  answer(line?: RobotLine): Promise<void>;
  /** Refuses by SIP, as a telephone with a button would. */
  refuse(status?: number): void;
  /** BYE, as a telephone would. */
  bye(): void;
  /** The tones heard now. */
  hears(lastMs?: number): number[];
  /** What was heard in the last `lastMs`. */
  pcm(lastMs: number): Int16Array;
  readonly phoneConnected: boolean;
  dropWebSocket(): void;
  dropFeed(): void;
  /** The server, or the network, has closed the feed. */
  readonly feedEnded: boolean;
  /** Opens the feed again, from the last event that was seen. */
  followFeed(): Promise<void>;
  /** Page, WebSocket and audio are gone at once, without a word. */
  vanish(): void;
  signOut(): Promise<void>;
}

export interface RobotOptions {
  url: string;
  login: string;
  password: string;
  toneHz: number;
  /** Signs in only; `connectPhone` later. */
  withoutPhone?: boolean;
  /** Answers 488 to every offer within a dialog, as a softphone that cannot restart ICE. */
  refusesOffers?: boolean;
  userAgent?: string;
  /** Of what it sends, in all its calls. */
  impairment?: Impairment;
  /** Between its audio and the server, when somebody is. */
  path?: Pick<OnPath, 'through' | 'back'>;
  /** Its audio goes by way of the TURN server that the API names, with the credentials of its session. */
  relayed?: boolean;
  /** PEM of who signed the server's certificate, for an https `url`. */
  ca?: string;
}

export async function openRobotDesk(t: Teardown, options: RobotOptions): Promise<RobotDesk> {
  const target = new URL(options.url);
  const proxy = await createRecordingProxy({
    host: target.hostname,
    port: Number(target.port),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  const base = `http://127.0.0.1:${proxy.port}`;
  const robot = createRobot(base, proxy, options);
  t.teardown(async () => {
    robot.vanish();
    await proxy.close();
  });
  await robot.signIn();
  await robot.followFeed();
  if (!options.withoutPhone) await robot.connectPhone();
  return robot;
}

function createRobot(
  base: string,
  proxy: RecordingProxy,
  options: RobotOptions,
): RobotDesk & { signIn(): Promise<void> } {
  const feed: SentEvent[] = [];
  const lines: RobotLine[] = [];
  const taken = new Set<RobotLine>();
  const watchers = new Set<(desk: DeskView) => void>();
  const contact = `sip:${newTag()}@${newTag()}.invalid;transport=ws`;
  const tags = new Map<RobotLine, string>();
  /** Media that a re-INVITE replaced; closed with the line's end. */
  const retired: RobotMedia[] = [];
  const origin = options.ca === undefined ? base : base.replace('http:', 'https:');
  const userAgent = options.userAgent ?? 'RobotDesk/1.0 (house of the agent)';
  let cookie = '';
  let csrf = '';
  let personId = '';
  let view: DeskView | undefined;
  let reader: EventSourceReader | undefined;
  let socket: WebSocket | undefined;
  let relay: RobotRelay | undefined;
  let registering: ((answer: PartyMessage) => void) | undefined;
  let cseq = 0;

  async function rest<T>(method: string, path: string, body?: unknown): Promise<RestAnswer<T>> {
    const request = () =>
      fetch(base + path, {
        method,
        headers: {
          cookie,
          origin,
          'user-agent': userAgent,
          ...(csrf ? { 'x-csrf-token': csrf } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    // After the network was cut the first connection of the pool may be a dead one.
    const response = await request().catch(request);
    const set = response.headers.get('set-cookie');
    if (set) cookie = set.split(';')[0] ?? '';
    const text = await response.text();
    return { status: response.status, body: (text ? JSON.parse(text) : null) as T };
  }

  async function must<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await rest<T>(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  function show(desk: DeskView): void {
    view = desk;
    for (const look of watchers) look(desk);
  }

  function see(event: SentEvent): void {
    feed.push(event);
    if (event.event === 'desk' && (!view || event.data.revision >= view.revision)) show(event.data);
  }

  async function followFeed(): Promise<void> {
    const last = feed.findLast((event) => event.id)?.id;
    const opened = await readEvents(`${base}/api/v1/feed`, {
      cookie,
      'user-agent': userAgent,
      accept: 'text/event-stream',
      ...(last ? { 'last-event-id': last } : {}),
    });
    if (opened.status !== 200) throw new Error(`the feed answers ${opened.status}`);
    const push = opened.events.push.bind(opened.events);
    for (const event of opened.events) see(event);
    opened.events.push = (...events) => {
      for (const event of events) see(event);
      return push(...events);
    };
    reader = opened;
    // A supervisor who serves no queue has a softphone and no desk.
    const desk = view ? undefined : await rest<DeskView>('GET', '/api/v1/desk');
    if (desk?.status === 200) view = desk.body;
  }

  // SIP

  const say = (text: string) => socket?.readyState === WebSocket.OPEN && socket.send(text);
  const reply = (line: RobotLine, status: number, body?: string) =>
    say(
      responseText(line.invite, status, {
        tag: tags.get(line)!,
        contact: `<${contact}>`,
        headers: [`User-Agent: ${userAgent}`],
        ...(body === undefined ? {} : { body }),
      }),
    );

  function onMessage(message: PartyMessage): void {
    if (message.status !== undefined) {
      if (message.get('CSeq')?.endsWith('REGISTER') && message.status >= 200) registering?.(message);
      return;
    }
    const line = lines.find((one) => one.invite.get('Call-ID') === message.get('Call-ID'));
    if (message.method === 'INVITE' && !line) return onInvite(message);
    if (message.method === 'ACK') return;
    if (message.method === 'INVITE' && line) return void onOffer(line, message);
    say(responseText(message, 200, { tag: newTag() }));
    if (!line) return;
    if (message.method === 'CANCEL' && line.state === 'ringing') reply(line, 487);
    if (message.method === 'CANCEL' || message.method === 'BYE') end(line);
  }

  function onInvite(invite: PartyMessage): void {
    const purpose = (invite.get('X-Engawa-Purpose') ?? null) as RobotLine['purpose'];
    const callId = invite.get('X-Engawa-Call') ?? '';
    const over = socket;
    const line: RobotLine = {
      callId,
      purpose,
      invite,
      media: newMedia(),
      offers: [],
      state: 'ringing',
      get reachable() {
        return over === socket && over?.readyState === WebSocket.OPEN;
      },
    };
    tags.set(line, newTag());
    lines.push(line);
    reply(line, 180);
    if (purpose) void answer(line);
  }

  const newMedia = () => createRobotMedia(options.toneHz, options.impairment, relay);

  async function answerBy(media: RobotMedia, sdpOffer: string): Promise<string> {
    const { path } = options;
    return path ? path.back(await media.answer(path.through(sdpOffer))) : media.answer(sdpOffer);
  }

  async function onOffer(line: RobotLine, reinvite: PartyMessage): Promise<void> {
    line.offers.push(reinvite);
    if (options.refusesOffers || line.state !== 'answered') return void say(responseText(reinvite, 488));
    const fresh = newMedia();
    const body = await answerBy(fresh, reinvite.body);
    if (line.state !== 'answered') return fresh.close();
    // As a browser lets go of what it had: nothing is said to the far end, which is gone anyway.
    line.media.silence();
    retired.push(line.media);
    line.media = fresh;
    say(responseText(reinvite, 200, { contact: `<${contact}>`, body }));
  }

  async function answer(line: RobotLine | undefined = current()): Promise<void> {
    if (!line) throw new Error('nothing rings');
    if (line.state !== 'ringing') return;
    const sdpAnswer = await answerBy(line.media, line.invite.body);
    if (line.state !== 'ringing') return;
    line.state = 'answered';
    reply(line, 200, sdpAnswer);
    // As the page does: the new line of a call takes the place of the old one, whose audio ends.
    for (const old of lines) if (old !== line && old.callId === line.callId && old.state === 'answered') end(old);
  }

  function end(line: RobotLine): void {
    line.state = 'ended';
    line.media.close();
    for (const media of retired.splice(0)) media.close();
  }

  const current = () => lines.findLast((line) => line.state !== 'ended');

  async function connectPhone({ takeOver = true } = {}): Promise<void> {
    const settings = await must<SoftphoneSettings>('GET', '/api/v1/desk/softphone');
    if (options.relayed) relay = relayOf(settings);
    const { ticket } = await must<{ ticket: string }>('POST', '/api/v1/desk/softphone/ticket', { takeOver });
    const opened = new WebSocket(`${base.replace('http', 'ws')}${settings.webSocketPath}?ticket=${ticket}`, 'sip', {
      headers: { cookie, 'user-agent': userAgent },
      origin,
      perMessageDeflate: false,
    });
    opened.on('message', (data) => onMessage(readMessage(String(data))));
    await new Promise<void>((resolve, reject) => opened.once('open', resolve).once('error', reject));
    opened.on('error', () => undefined);
    socket = opened;
    const registered = new Promise<PartyMessage>((resolve, reject) => {
      registering = resolve;
      opened.once('close', () => reject(new Error('the WebSocket closed before the registration')));
    });
    say(
      [
        `REGISTER sip:${settings.domain} SIP/2.0`,
        `Via: SIP/2.0/WS ${newTag()}.invalid;branch=${newBranch()}`,
        'Max-Forwards: 70',
        `From: <${settings.aor}>;tag=${newTag()}`,
        `To: <${settings.aor}>`,
        `Call-ID: ${randomUUID()}`,
        `CSeq: ${++cseq} REGISTER`,
        `Contact: <${contact}>;expires=${settings.registerExpiresSeconds}`,
        `User-Agent: ${userAgent}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
    const accepted = await registered;
    if (accepted.status !== 200) throw new Error(`REGISTER: ${accepted.line}`);
  }

  const robot: RobotDesk & { signIn(): Promise<void> } = {
    login: options.login,
    proxy,
    feed,
    lines,
    get personId() {
      return personId;
    },
    get cookie() {
      return cookie;
    },
    get view() {
      return view!;
    },
    get line() {
      return current();
    },
    rest,
    async signIn() {
      const { login, password } = options;
      // A database that was only just started on a busy machine may not answer in time.
      const answer = await eventually('signed in', async () => {
        const got = await rest<SessionView>('POST', '/api/v1/session', { login, password });
        return got.status === 503 ? undefined : got;
      });
      if (answer.status >= 300) throw new Error(`sign-in: ${answer.status} ${JSON.stringify(answer.body)}`);
      const session = answer.body;
      csrf = session.csrfToken;
      personId = session.person.id;
    },
    followFeed,
    connectPhone,
    async shows(what, fits, withinMs = 30_000) {
      // Every view is looked at as it comes: one that lasts a second is not missed by a process that was held up.
      let shown = view && fits(view) ? view : undefined;
      const look = (desk: DeskView) => {
        if (!shown && fits(desk)) shown = desk;
      };
      watchers.add(look);
      try {
        return await eventually(`${options.login}'s desk: ${what}`, () => shown, { withinMs });
      } catch (cause) {
        throw new Error(`${options.login}'s desk never showed “${what}”; it shows ${JSON.stringify(view)}`, { cause });
      } finally {
        watchers.delete(look);
      }
    },
    inState: (state, withinMs) => robot.shows(state, (desk) => desk.state === state, withinMs),
    async setState(state, because) {
      const desk = await must<DeskView>('PUT', '/api/v1/desk/state', { state, ...(because ? { because } : {}) });
      if (!view || desk.revision >= view.revision) show(desk);
    },
    async command(name, body) {
      const call = view?.call;
      if (!call) throw new Error(`${name}: no call at this desk`);
      await must('POST', `/api/v1/calls/${call.id}/commands/${name}`, body);
    },
    dial: (to, reason) => rest('POST', '/api/v1/calls', { to, ...(reason ? { reason } : {}) }),
    async rings(withinMs = 30_000) {
      const line = await eventually(
        `the desk of ${options.login} rings`,
        () => lines.find((one) => !taken.has(one) && one.state === 'ringing' && one.purpose === null),
        { withinMs },
      );
      taken.add(line);
      return line;
    },
    answer,
    refuse(status = 603) {
      const line = current();
      if (line?.state !== 'ringing') throw new Error('nothing rings');
      reply(line, status);
      end(line);
    },
    bye() {
      const line = current();
      if (line?.state !== 'answered') throw new Error('no answered line');
      const { invite } = line;
      const target = /<([^>]+)>/.exec(invite.get('Contact') ?? '')?.[1] ?? '';
      say(
        [
          `BYE ${target} SIP/2.0`,
          `Via: SIP/2.0/WS ${newTag()}.invalid;branch=${newBranch()}`,
          'Max-Forwards: 70',
          ...invite.all('Record-Route').map((route) => `Route: ${route}`),
          `From: ${invite.get('To')};tag=${tags.get(line)}`,
          `To: ${invite.get('From')}`,
          `Call-ID: ${invite.get('Call-ID')}`,
          'CSeq: 1 BYE',
          'Content-Length: 0',
          '',
          '',
        ].join('\r\n'),
      );
      end(line);
    },
    hears: (lastMs) => current()?.media.hears(lastMs) ?? [],
    pcm: (lastMs) => current()?.media.pcm(lastMs) ?? new Int16Array(0),
    get phoneConnected() {
      return socket?.readyState === WebSocket.OPEN;
    },
    dropWebSocket() {
      socket?.terminate();
      socket = undefined;
      // What rings cannot be answered any more, and its end cannot be heard.
      for (const line of lines) if (line.state === 'ringing') end(line);
    },
    dropFeed: () => reader?.close(),
    get feedEnded() {
      return reader?.ended ?? true;
    },
    vanish() {
      socket?.terminate();
      socket = undefined;
      reader?.close();
      for (const line of lines) if (line.state !== 'ended') end(line);
      proxy.cut();
    },
    async signOut() {
      await must('DELETE', '/api/v1/session');
    },
  };
  return robot;
}

function relayOf({ iceServers }: SoftphoneSettings): RobotRelay {
  const server = iceServers.find(({ username }) => username);
  const [, hostname, port] = /^turn:([^:]+):(\d+)\?transport=udp$/.exec(server?.urls[0] ?? '') ?? [];
  if (!hostname) throw new Error('the API names no TURN server over UDP');
  return { hostname, port: Number(port), username: server!.username!, password: server!.credential! };
}

export type { CallView };
