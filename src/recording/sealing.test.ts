import { Decrypter, generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import t from 'tap';
import { seededRandom } from '../shared/random.ts';
import { chunkBytes } from './age-format.ts';
import { createSealer } from './sealing.ts';

async function keyPair() {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

async function open(identity: string, sealed: Uint8Array): Promise<Buffer> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return Buffer.from(await decrypter.decrypt(sealed));
}

t.test('what Node’s X25519 wraps, the package opens; also with several recipients of several types', async (t) => {
  const first = await keyPair();
  const second = await keyPair();
  const hybridIdentity = await generateHybridIdentity();
  const hybrid = await identityToRecipient(hybridIdentity);
  const sealer = createSealer([first.recipient, hybrid, ` ${second.recipient}\n`]);
  const sealed = await sealer.sealWhole(Buffer.from('a page'));
  for (const identity of [first.identity, second.identity, hybridIdentity]) {
    t.equal((await open(identity, sealed)).toString(), 'a page');
  }
  await t.rejects(open((await keyPair()).identity, sealed), /no identity matched/);
});

t.test(
  'a stream gives its header, then whole chunks, then the rest; and opens for every length around a chunk',
  async (t) => {
    const { identity, recipient } = await keyPair();
    const seed = Math.floor(Math.random() * 2 ** 32);
    t.comment(`seed ${seed}`);
    const random = seededRandom(seed);
    for (const total of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes, 3 * chunkBytes + 777]) {
      const plaintext = Buffer.from(Uint8Array.from({ length: total }, (_, i) => (i * 31) & 255));
      const stream = await createSealer([recipient]).createSealedStream();
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < total; ) {
        const piece = plaintext.subarray(at, at + random.integer(1, 20_000));
        pieces.push(await stream.add(piece));
        at += piece.length;
        if (stream.coveredBytes % chunkBytes !== 0 || stream.coveredBytes > at)
          t.fail(`covers ${stream.coveredBytes} of ${at}`);
        if (at - stream.coveredBytes > chunkBytes) t.fail(`${at - stream.coveredBytes} bytes are held back`);
      }
      pieces.push(await stream.end());
      t.equal(stream.coveredBytes, total);
      t.ok((await open(identity, Buffer.concat(pieces))).equals(plaintext), `${total} bytes`);
    }
  },
);

t.test('a recipient that is none is refused in a sentence', async (t) => {
  const { identity, recipient } = await keyPair();
  for (const recipients of [
    [],
    [''],
    ['age1'],
    [recipient.replace(/.$/, recipient.endsWith('q') ? 'p' : 'q')],
    ['ssh-ed25519 AAAA'],
  ]) {
    t.throws(() => createSealer(recipients), { code: 'config-invalid' }, String(recipients));
  }
  t.throws(() => createSealer([identity]), { message: /a private key was given/ });
  t.notMatch(
    catchMessage(() => createSealer([identity])),
    identity.slice(16, 40),
    'and the key is not repeated',
  );
});

function catchMessage(run: () => void): string {
  try {
    run();
    return '';
  } catch (error) {
    return String(error);
  }
}
