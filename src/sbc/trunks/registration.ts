// Registering with a carrier (RFC 3261 §10.2): digest, refresh before expiry, 423, back-off with jitter after a failure,
// unregister on close. When the SIP server that it went through is gone it moves to another at once, and the binding that leads to
// the dead one is removed. The user part of our Contact is a random word: a request that names it comes from where we
// registered, whatever its source address.

import { randomBytes, randomUUID } from 'node:crypto';
import { parseAddressList } from '../../protocol/sip/address.ts';
import { paramValue } from '../../protocol/sip/params.ts';
import { parseSipUri } from '../../protocol/sip/uri.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Random } from '../../shared/random.ts';
import { answerChallenge } from '../digest/answer.ts';
import type { ControlLink } from '../link/control-link.ts';
import type { IncomingResponse, SentRequest } from '../link/srf-types.ts';
import type { TrunkRegistration } from '../trunk-settings.ts';

export interface Registration {
  readonly registered: boolean;
  /** Another node does it. */
  readonly leftToAnother: boolean;
  readonly because: string;
  /** User part of our Contact at the carrier. */
  readonly contactUser: string;
  start(): void;
  /** Unregisters; at most two seconds. */
  close(): Promise<void>;
}

export interface RegistrationOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  trunk: string;
  settings: TrunkRegistration;
  link: () => ControlLink | undefined;
  onChange: () => void;
  /** False while another node registers this trunk; asked before every REGISTER. */
  mayRegister?: () => boolean;
}

const firstRetryMs = 2_000;
const lastRetryMs = 60_000;
/** How soon a node takes over when the one that registered is gone. */
const askAgainMs = 2_000;

export function createRegistration({
  clock,
  random,
  log,
  trunk,
  settings,
  link,
  onChange,
  mayRegister = () => true,
}: RegistrationOptions): Registration {
  const contactUser = `eg${randomBytes(9).toString('hex')}`;
  const sipCallId = randomUUID();
  const transport = settings.transport === 'udp' ? '' : `;transport=${settings.transport}`;
  const uri = `sip:${settings.domain ?? settings.registrar}${settings.domain ? '' : transport}`;
  /** The SIP server puts its own address in place of `localhost`. */
  const localContact = `sip:${contactUser}@localhost${transport}`;
  const aor = `<sip:${settings.user}@${settings.domain ?? settings.registrar.replace(/:\d+$/, '')}>`;
  let cseq = 0;
  let expiresSeconds = settings.expiresSeconds;
  let registered = false;
  let because = 'not registered yet';
  let retryMs = firstRetryMs;
  let timer: Timer | undefined;
  let lapse: Timer | undefined;
  let closing = false;
  let leftToAnother = false;
  /** The binding at the carrier: through whom, and the Contact as sent. */
  let bound: { link: ControlLink; contact: string; offDown: () => void } | undefined;

  function change(now: boolean, why: string): void {
    registered = now;
    because = why;
    onChange();
  }

  function again(delayMs: number): void {
    timer?.cancel();
    if (!closing) timer = clock.after(delayMs, () => attempt());
  }

  function failed(why: string): void {
    log.error({ trunk, because: why }, 'registration with the carrier failed');
    // A binding that has not run out yet still brings calls.
    if (!registered || !lapse) change(false, why);
    again(retryMs * (0.75 + random.next() / 2));
    retryMs = Math.min(lastRetryMs, retryMs * 2);
  }

  function attempt(extra: Record<string, string> = {}, resends = 0): void {
    if (!mayRegister()) return leave();
    leftToAnother = false;
    const through = link();
    if (!through) return failed('no SIP server connected');
    send(through, expiresSeconds, extra, {
      response: (response, sent) => onResponse(response, sent, resends, through),
      failed,
    });
  }

  /** What this node had registered runs out by itself, or is replaced by what the other one registers. */
  function leave(): void {
    if (!leftToAnother) {
      leftToAnother = true;
      change(false, 'another node is registered');
    }
    again(askAgainMs);
  }

  function onResponse(response: IncomingResponse, sent: SentRequest, resends: number, through: ControlLink): void {
    if (response.status < 200) return;
    if (response.status < 300) return accepted(response, sent, through);
    if (response.status === 423 && resends < 3) {
      const minimum = Number.parseInt(response.get('Min-Expires') ?? '', 10);
      if (minimum > expiresSeconds && minimum <= 86_400) {
        expiresSeconds = minimum;
        return attempt({}, resends + 1);
      }
    }
    if ((response.status === 401 || response.status === 407) && resends < 3) {
      const credentials = { user: settings.authUser ?? settings.user, password: settings.password };
      const answer = answerChallenge(response, { credentials, method: 'REGISTER', uri: sent.uri, again: resends > 0 });
      if (answer) return attempt(answer, resends + 1);
    }
    failed(`REGISTER ${response.status}`);
  }

  function accepted(response: IncomingResponse, sent: SentRequest, through: ControlLink): void {
    const before = bound;
    const contact = parseAddressList(sent.get('Contact') ?? '')?.[0]?.uri ?? '';
    before?.offDown();
    bound = { link: through, contact, offDown: through.onDown(() => move(through)) };
    if (before && before.contact !== contact) void remove(before.contact, through);
    const granted = grantedSeconds(response, contactUser) ?? expiresSeconds;
    retryMs = firstRetryMs;
    lapse?.cancel();
    lapse = clock.after(granted * 1000, () => {
      lapse = undefined;
      change(false, 'the registration ran out');
    });
    change(true, 'registered');
    // Long before it runs out, and with time for a few tries.
    again(Math.max(granted * 500, granted * 1000 - 300_000));
  }

  /** Calls to the binding would go to a server that is not there. */
  function move(from: ControlLink): void {
    if (closing) return;
    log.warn({ trunk, sipServer: from.server }, 'the registration moves to another SIP server');
    retryMs = firstRetryMs;
    again(0);
  }

  /** Takes a binding away; challenged once more at most, two seconds at most. */
  function remove(contact: string, through: ControlLink): Promise<void> {
    return new Promise((resolve) => {
      clock.after(2_000, resolve);
      const gone = `<${contact}>;expires=0`;
      const answered = (response: IncomingResponse, sent: SentRequest) => {
        const credentials = { user: settings.authUser ?? settings.user, password: settings.password };
        const answer = answerChallenge(response, { credentials, method: 'REGISTER', uri: sent.uri, again: false });
        if (!answer || response.status < 300) return resolve();
        send(through, 0, { ...answer, Contact: gone }, { response: () => resolve(), failed: () => resolve() });
      };
      send(through, 0, { Contact: gone }, { response: answered, failed: () => resolve() });
    });
  }

  function send(
    through: ControlLink,
    seconds: number,
    extra: Record<string, string>,
    on: { response: (response: IncomingResponse, sent: SentRequest) => void; failed: (because: string) => void },
  ): void {
    let sent: SentRequest | undefined;
    const headers = {
      'Call-ID': sipCallId,
      CSeq: `${++cseq} REGISTER`,
      From: aor,
      To: aor,
      Contact: `<${localContact}>;expires=${seconds}`,
      Expires: String(seconds),
      'User-Agent': 'Engawa',
      ...extra,
    };
    const proxy = settings.domain ? { proxy: `sip:${settings.registrar}${transport}` } : {};
    through.request(
      { method: 'REGISTER', uri, headers, ...proxy },
      {
        sent: (request) => {
          sent = request;
        },
        response: (response) => sent && on.response(response, sent),
        failed: (why) => on.failed(why === 'timeout' ? 'the registrar does not answer' : `REGISTER ${why}`),
      },
    );
  }

  return {
    get registered() {
      return registered;
    },
    get leftToAnother() {
      return leftToAnother;
    },
    get because() {
      return because;
    },
    contactUser,
    start: () => attempt(),
    async close() {
      closing = true;
      timer?.cancel();
      lapse?.cancel();
      bound?.offDown();
      const through = bound?.link.up ? bound.link : link();
      if (registered && through) await remove(bound?.contact ?? localContact, through);
    },
  };
}

function grantedSeconds(response: IncomingResponse, contactUser: string): number | undefined {
  const contacts = parseAddressList(response.get('Contact') ?? '') ?? [];
  const ours = contacts.find((contact) => parseSipUri(contact.uri)?.user === contactUser);
  const seconds = Number.parseInt((ours && paramValue(ours.params, 'expires')) ?? response.get('Expires') ?? '', 10);
  return seconds > 0 && seconds <= 86_400 ? seconds : undefined;
}
