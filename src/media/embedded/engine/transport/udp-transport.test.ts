// Whom plain RTP and RTCP are believed of, and where ours goes, without a socket. Real ones are in test/integration/attack-media.test.ts.

import t from 'tap';
import type { PacketListener, Remote, UdpSocket } from '../sockets/udp-socket.ts';
import { UdpTransport } from './udp-transport.ts';

function socket(port: number) {
  const sent: { to: string; bytes: number }[] = [];
  let hear: PacketListener = () => {};
  const made: UdpSocket = {
    port,
    listen(onPacket) {
      hear = onPacket;
    },
    remote: (address, toPort) => ({ address, port: toPort }),
    send: (packet, to) => void sent.push({ to: `${to.address}:${to.port}`, bytes: packet.length }),
    close: async () => {},
  };
  return { made, sent, from: (packet: Buffer, from: Remote) => hear(packet, from) };
}

function rig() {
  const [rtp, rtcp] = [socket(4000), socket(4001)];
  const heard = { rtp: 0, rtcp: 0 };
  const transport = new UdpTransport(
    { rtp: rtp.made, rtcp: rtcp.made },
    { onRtp: () => void heard.rtp++, onRtcp: () => void heard.rtcp++, onConnected: () => {} },
  );
  transport.setRemote({ address: '192.0.2.1', port: 5000, rtcpAddress: '192.0.2.1', rtcpPort: 5001 });
  return { rtp, rtcp, heard, transport };
}

const packet = (sequence: number): Buffer => {
  const bytes = Buffer.alloc(172);
  bytes[0] = 0x80;
  bytes.writeUInt16BE(sequence, 2);
  return bytes;
};
const report = Buffer.from('80c9000112345678', 'hex');

t.test(
  'our reports go to the first who reports from the far end’s host, or to the one that the SDP names',
  async (t) => {
    const { rtcp, heard, transport } = rig();
    rtcp.from(report, { address: '192.0.2.1', port: 7001 });
    transport.sendRtcp(report);
    rtcp.from(report, { address: '192.0.2.1', port: 9999 });
    rtcp.from(report, { address: '198.51.100.1', port: 5001 });
    transport.sendRtcp(report);
    rtcp.from(report, { address: '192.0.2.1', port: 5001 });
    transport.sendRtcp(report);
    t.same(
      rtcp.sent.map(({ to }) => to),
      ['192.0.2.1:7001', '192.0.2.1:7001', '192.0.2.1:5001'],
    );
    t.equal(heard.rtcp, 2);
  },
);

t.test('another port of the named host is believed at once, another host not', async (t) => {
  const { rtp, heard, transport } = rig();
  for (let n = 0; n < 20; n++) rtp.from(packet(n), { address: '198.51.100.1', port: 5000 });
  t.equal(heard.rtp, 0);
  t.equal(transport.refused, 20);
  rtp.from(packet(1), { address: '192.0.2.1', port: 6000 });
  transport.sendRtp(packet(1));
  t.same([heard.rtp, rtp.sent.at(-1)?.to], [1, '192.0.2.1:6000']);
  rtp.from(packet(2), { address: '192.0.2.1', port: 6002 });
  t.equal(heard.rtp, 1, 'and no third port after it');
  rtp.from(packet(3), { address: '192.0.2.1', port: 5000 });
  t.equal(heard.rtp, 2, 'but for the one that the SDP names');
});

t.test('behind a translator five packets in order are needed; a gap or another source begins anew', async (t) => {
  const { rtp, heard, transport } = rig();
  transport.setRemote({ address: '192.168.1.5', port: 5000, rtcpAddress: '192.168.1.5', rtcpPort: 5001 });
  const home = { address: '203.0.113.5', port: 40_000 };
  for (const sequence of [65_533, 65_534, 65_535, 7, 8, 9]) rtp.from(packet(sequence), home);
  t.equal(heard.rtp, 0);
  for (const sequence of [10, 11, 12]) rtp.from(packet(sequence), home);
  t.equal(heard.rtp, 2);
});
