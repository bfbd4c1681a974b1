// The demo's telephone network: a SIP server of its own on loopback, with simulated customers behind it. They call in through
// the SIP port as a carrier would (real SIP, real RTP), speak a sentence, key digits, and echo what they hear; and they answer
// when the call centre calls out. Numbers that end in 486 are busy, in 480 never answer.

import Srf from 'drachtio-srf';
import type { Endpoint } from '../media/endpoint.ts';
import type { MediaServer } from '../media/media-server.ts';
import { createSipServer } from '../sbc/embedded/sip-server.ts';
import type { Clock } from '../shared/clock.ts';
import { AppError, asError } from '../shared/errors.ts';
import { newId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';

export interface TestCall {
  id: string;
  number: string;
  state: 'calling' | 'answered' | 'ended' | 'failed';
}

export interface DemoCarrier {
  /** Where the demo trunk sends outbound calls. */
  readonly target: { host: string; port: number };
  /** Calls one of the company's numbers. Resolves when the call has been sent. */
  placeCall(request: { number: string; digits?: string; talkSeconds?: number }): Promise<TestCall>;
  testCall(id: string): TestCall | undefined;
  close(): Promise<void>;
}

interface CarrierNeeds {
  clock: Clock;
  log: Logger;
  media: MediaServer;
  /** The SIP address of the call centre. Asked at each call, because it is known only after the border has started. */
  callCentre: () => { host: string; port: number };
}

/** The simulated customer's own number; not assigned in Japan. */
const customerNumber = '09011112222';
const secret = newId('apiKey');
/** Digits are keyed this long after the answer, and with this pause between. */
const beforeDigitsMs = 1500;
const spoken = {
  ja: 'もしもし。すみません、おたずねしたい ことが あります。',
  en: 'Hello, I have a question, please.',
};

type Dialog = {
  destroy(): Promise<unknown>;
  on(event: 'destroy', listener: () => void): void;
  remote: { sdp: string };
};

export async function createDemoCarrier(needs: CarrierNeeds): Promise<DemoCarrier> {
  const { clock, media } = needs;
  const log = needs.log.child({ part: 'demo-carrier' });
  const server = await createSipServer({
    clock,
    log,
    control: { host: '127.0.0.1', port: 0, secret },
    sip: ['udp/127.0.0.1:0'],
  });
  const sip = server.listening.sip[0];
  if (!sip) throw new AppError('sip-server-unavailable', 'the demo carrier has no SIP port');
  const srf = new Srf();
  await new Promise<void>((resolve, reject) => {
    srf.on('connect', (error: Error | null) => (error ? reject(error) : resolve()));
    srf.on('error', reject);
    srf.connect({ ...server.listening.control, secret });
  });
  const calls = new Map<string, TestCall>();
  const open = new Set<Dialog>();

  srf.invite((req, res) => {
    void answerCall(req as unknown as InviteRequest, res as unknown as InviteResponse).catch((thrown: unknown) => {
      log.error({ err: asError(thrown) }, 'simulated customer failed to answer');
      (res as unknown as InviteResponse).send(500);
    });
  });

  async function answerCall(req: InviteRequest, res: InviteResponse): Promise<void> {
    const dialled = /sips?:([^@;]+)@/.exec(req.uri)?.[1] ?? '';
    if (dialled.endsWith('486')) return res.send(486);
    res.send(180);
    if (dialled.endsWith('480')) return;
    await pause(1200);
    const created = await media.createEndpoint({ callId: newId('call'), profile: 'rtp', sdpOffer: req.body });
    if (created.kind === 'incompatible') return res.send(488);
    const { endpoint } = created;
    const dialog = (await srf
      .createUAS(req as never, res as never, { localSdp: endpoint.localSdp })
      .catch(async (thrown: unknown) => {
        // Given up while this telephone rang.
        await endpoint.close();
        throw thrown;
      })) as unknown as Dialog;
    follow(dialog, endpoint);
    await talk(endpoint, 'はい、もしもし。');
  }

  function follow(dialog: Dialog, endpoint: Endpoint, onEnd: () => void = () => {}): void {
    open.add(dialog);
    dialog.on('destroy', () => {
      open.delete(dialog);
      void endpoint.close();
      onEnd();
    });
  }

  async function talk(endpoint: Endpoint, text: string): Promise<void> {
    await endpoint.play({ kind: 'say', text, language: 'ja' }).finished;
    endpoint.play({ kind: 'echo' }, { loop: true });
  }

  async function connect(call: TestCall, request: { digits?: string; talkSeconds?: number }): Promise<void> {
    const created = await media.createEndpoint({ callId: newId('call'), profile: 'rtp', codecs: ['PCMU'] });
    if (created.kind === 'incompatible') throw new AppError('media-unavailable', created.because);
    const { endpoint } = created;
    const { host, port } = needs.callCentre();
    const dialog = (await srf
      .createUAC(`sip:${call.number}@${host}:${port}`, {
        localSdp: endpoint.localSdp,
        headers: { From: `<sip:${customerNumber}@demo-carrier.invalid;user=phone>` },
      })
      .catch(async (thrown: unknown) => {
        await endpoint.close();
        throw thrown;
      })) as unknown as Dialog;
    call.state = 'answered';
    follow(dialog, endpoint, () => {
      call.state = 'ended';
    });
    await endpoint.acceptAnswer(dialog.remote.sdp);
    clock.after((request.talkSeconds ?? 120) * 1000, () => {
      if (!open.delete(dialog)) return;
      call.state = 'ended';
      dialog.destroy().catch((thrown: unknown) => log.debug({ err: asError(thrown) }, 'the far end was faster'));
      void endpoint.close();
    });
    await pause(beforeDigitsMs);
    if (request.digits) await endpoint.sendDigits(request.digits);
    await talk(endpoint, spoken.ja);
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => void clock.after(ms, resolve));
  }

  return {
    target: { host: sip.localAddress, port: sip.localPort },
    async placeCall({ number, ...request }) {
      const call: TestCall = { id: newId('call'), number, state: 'calling' };
      calls.set(call.id, call);
      void connect(call, request).catch((thrown: unknown) => {
        // Hung up while the digits were being keyed: no failure.
        if (call.state === 'ended') return;
        call.state = 'failed';
        log.warn({ err: asError(thrown) }, 'test call failed');
      });
      return call;
    },
    testCall: (id) => calls.get(id),
    async close() {
      await Promise.allSettled([...open].map((dialog) => dialog.destroy()));
      srf.disconnect();
      await server.close();
    },
  };
}

interface InviteRequest {
  uri: string;
  body: string;
}
interface InviteResponse {
  send(status: number): void;
}
