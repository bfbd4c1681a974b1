// The smallest useful drachtio-srf application: answers each call (UAS), or calls on to `target` and joins the two (B2BUA).
// The same code for every SIP server that is compared.

import Srf from 'drachtio-srf';
import { answerParent } from '../processes.ts';

interface Start {
  host: string;
  port: number;
  secret: string;
  mode: 'uas' | 'b2bua';
  /** host:port of the far end, for b2bua. */
  target: string;
}

const sdp = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 20000 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  '',
].join('\r\n');

const counts = { answered: 0, ended: 0, failed: 0 };

function start({ host, port, secret, mode, target }: Start): Promise<{ connected: true }> {
  const srf = new Srf();
  srf.connect({ host, port, secret });
  srf.on('error', () => {
    counts.failed++;
  });
  srf.invite((req, res) => {
    void answer(srf, req, res, mode, target);
  });
  return new Promise((resolve, reject) => {
    srf.on('connect', (error: Error | null) => (error ? reject(error) : resolve({ connected: true })));
  });
}

async function answer(
  srf: Srf,
  req: Srf.SrfRequest,
  res: Srf.SrfResponse,
  mode: Start['mode'],
  target: string,
): Promise<void> {
  try {
    if (mode === 'uas') {
      const dialog = await srf.createUAS(req, res, { localSdp: sdp });
      counts.answered++;
      dialog.on('destroy', () => {
        counts.ended++;
      });
      return;
    }
    const { uas, uac } = await srf.createB2BUA(req, res, `sip:bench@${target}`, {});
    counts.answered++;
    uas.on('destroy', () => {
      counts.ended++;
      uac.destroy();
    });
    uac.on('destroy', () => {
      counts.ended++;
      uas.destroy();
    });
  } catch {
    // Counted, and the load is then refused by the bench.
    counts.failed++;
  }
}

answerParent((request: { start: Start } | { counts: true }) =>
  'start' in request ? start(request.start) : { ...counts },
);
