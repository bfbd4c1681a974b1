// drachtio-srf on our server against sipp, which shares none of our code, with a network that loses messages.

import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { freeUdpPort } from '../support/free-port.ts';
import { missing } from '../support/servers/peers.ts';
import { runSipp } from '../support/sip/border-sipp.ts';
import { startRig } from '../support/sip/drachtio-rig.ts';
import { sdpText } from '../support/sip/sip-party.ts';

// Three in ten 200s, or half of the ACKs, are lost, and the 200 is sent four times within a call: of sixteen calls about one ends without an ACK.
const lossy = [
  { scenario: 'drachtio-uac-loses-200', calls: 20, leastAcks: 20 },
  { scenario: 'drachtio-uac-loses-ack', calls: 60, leastAcks: 46 },
];
for (const { scenario, calls, leastAcks } of lossy) {
  t.test(`${scenario}: every call is answered once and ends normally`, { skip: missing('sipp') }, async (t) => {
    const rig = await startRig(t);
    const srf = await rig.connect();
    const ends: string[] = [];
    const acks = new Set<string>();
    let acksTold = 0;
    srf.invite(async (req, res) => {
      const dialog = await srf.createUAS(req, res, { localSdp: sdpText('callee') });
      dialog.on('ack', () => {
        acks.add(dialog.id);
        acksTold += 1;
      });
      dialog.on('destroy', (_bye, reason) => ends.push(reason));
    });
    const sipp = runSipp({
      scenario,
      port: await freeUdpPort(),
      target: rig.sip,
      service: 'shop',
      calls,
      callsPerSecond: 40,
    });
    t.teardown(() => sipp.stop());
    await sipp.finished;
    await eventually('every call has ended', () => ends.length === calls);
    t.ok(acks.size >= leastAcks, `${acks.size} of ${calls} calls had an ACK`);
    t.equal(acksTold, acks.size, 'one each for the application');
    t.ok(ends.every((reason) => reason === 'normal release'));
    t.equal(rig.server.stats().counters['received.INVITE'], calls);
    await rig.settled();
  });
}
