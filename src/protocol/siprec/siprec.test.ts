import t from 'tap';
import { parseCrypto } from '../sdp/attributes.ts';
import { base64Id, type RecordingMetadata, writeMetadata } from './metadata.ts';
import { offerStreams, readAnswer, twoParts } from './recording-session.ts';

const metadata: RecordingMetadata = {
  sessionId: '00000000-0000-0000-0000-000000000001',
  startedAt: 0,
  participants: [
    {
      ...{ id: '00000000-0000-0000-0000-000000000002', aor: 'sip:A-1@e.example', name: 'A & <B>\u0000', joinedAt: 0 },
      ...{ sends: '1', hears: ['2'] },
    },
    {
      ...{
        id: '00000000-0000-0000-0000-000000000003',
        aor: 'sip:p@e.example',
        name: 'p',
        joinedAt: 1000,
        leftAt: 2000,
      },
      ...{ sends: '2', hears: ['1'] },
    },
  ],
  streams: [
    { id: '00000000-0000-0000-0000-000000000004', label: '1' },
    { id: '00000000-0000-0000-0000-000000000005', label: '2' },
  ],
};

t.test('metadata has its elements in the order of the schema of RFC 7865 §10', async (t) => {
  const xml = writeMetadata({ ...metadata, endedAt: 3000 });
  const order = [
    ...xml.matchAll(
      /<(datamode|session|participant|stream|sessionrecordingassoc|participantsessionassoc|participantstreamassoc)[ >]/g,
    ),
  ];
  t.strictSame(
    order.map(([, name]) => name),
    [
      ...['datamode', 'session', 'participant', 'participant', 'stream', 'stream', 'sessionrecordingassoc'],
      ...['participantsessionassoc', 'participantsessionassoc', 'participantstreamassoc', 'participantstreamassoc'],
    ],
  );
  t.match(xml, '<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>complete</datamode>');
  t.match(xml, '<stop-time>1970-01-01T00:00:03.000Z</stop-time>');
  t.match(xml, 'A &amp; &lt;B&gt;</name>', 'what is markup is written as text, what XML has not is left out');
  t.match(xml, '<disassociate-time>1970-01-01T00:00:02.000Z</disassociate-time>', 'who left');
  const [, sends] = /participantstreamassoc participant_id="([^"]+)"><send>/.exec(xml)!;
  t.equal(sends, base64Id(metadata.participants[0]!.id));
});

t.test('ids are 16 bytes in base64 (RFC 7865 §6.10)', async (t) => {
  t.equal(base64Id('00000000-0000-0000-0000-0000000000ff'), 'AAAAAAAAAAAAAAAAAAAA/w==');
});

t.test('an offer has a labelled stream per side that only sends, sealed when keys are given', async (t) => {
  const crypto = { tag: 1, suite: 'AES_CM_128_HMAC_SHA1_80' as const, keyAndSalt: Buffer.alloc(30, 3) };
  const streams = [
    { label: '1', port: 4000, crypto },
    { label: '2', port: 4002, crypto },
  ];
  const sdp = offerStreams({ address: '192.0.2.1', sessionId: '7', version: 1, streams });
  t.equal(sdp.match(/m=audio \d+ RTP\/SAVP 0 8/g)?.length, 2);
  t.strictSame(
    [...sdp.matchAll(/a=label:(\d)/g)].map(([, label]) => label),
    ['1', '2'],
  );
  t.equal(sdp.match(/a=sendonly/g)?.length, 2);
  t.ok(parseCrypto(/a=crypto:(.*)\r/.exec(sdp)![1]!));

  const answer = (lines: string) => `v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n${lines}`;
  const sealed = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:'.concat(Buffer.alloc(30).toString('base64'), '\r\n');
  t.strictSame(readAnswer(answer(`m=audio 9000 RTP/SAVP 8\r\n${sealed}m=audio 0 RTP/SAVP 0\r\n`), streams), [
    { label: '1', host: '192.0.2.9', port: 9000, law: 'PCMA', payloadType: 8, rtcpPort: 9001 },
  ]);
  const muxed = answer(`m=audio 9000 RTP/SAVP 0\r\n${sealed}a=rtcp-mux\r\nm=audio 0 RTP/SAVP 0\r\n`);
  t.match(readAnswer(muxed, streams), [{ rtcpPort: 9000, law: 'PCMU' }]);
  t.equal(
    readAnswer(answer('m=audio 9000 RTP/SAVP 0\r\n'), streams),
    'none of the streams was accepted',
    'without a key',
  );
  t.match(readAnswer('nothing', streams), /cannot be read/);
});

t.test('SDP and metadata are two parts of one body (RFC 7866 §9.1)', async (t) => {
  const { contentType, text } = twoParts('v=0\r\n', '<recording/>', 'b');
  t.equal(contentType, 'multipart/mixed;boundary=b');
  t.equal(
    text,
    [
      ...['--b', 'Content-Type: application/sdp', '', 'v=0', '--b', 'Content-Type: application/rs-metadata+xml'],
      ...['Content-Disposition: recording-session', '', '<recording/>', '--b--', ''],
    ].join('\r\n'),
  );
  t.throws(() => twoParts('v=0', 'b', 'b'));
});
