// What recording costs: CPU of the recorder process per second of a call, in real time, and that many calls fit in it.

import { readFileSync } from 'node:fs';
import t from 'tap';
import { connectTap, tapRateHz } from '../support/media/tap-client.ts';
import { ageOpen, listen } from '../support/recording/opened-audio.ts';
import { recordingBench } from '../support/recording/recording-bench.ts';
import { childPids } from '../support/servers/child-processes.ts';

const ticksPerSecond = 100; // USER_HZ of /proc on Linux.

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** Two people who take turns, as much like speech as an encoder notices: pitch, harmonics, syllables, breath. */
function conversation(ms: number): Buffer {
  const samples = (ms * tapRateHz) / 1000;
  const pcm = Buffer.alloc(samples * 4);
  const voice = (i: number, pitchHz: number, turn: number) => {
    const seconds = i / tapRateHz;
    const speaking = Math.sin((2 * Math.PI * seconds) / 7 + turn) > 0;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 4 * seconds));
    let sum = 0;
    for (let harmonic = 1; harmonic < 16; harmonic++) {
      const hz = (pitchHz + 15 * Math.sin(seconds * 3)) * harmonic;
      sum += Math.sin(2 * Math.PI * hz * seconds) / harmonic;
    }
    return (speaking ? 6000 * syllable * sum : 0) + 60 * (Math.random() - 0.5);
  };
  for (let i = 0; i < samples; i++) {
    pcm.writeInt16LE(Math.round(voice(i, 120, 0)), i * 4);
    pcm.writeInt16LE(Math.round(voice(i, 210, Math.PI)), i * 4 + 2);
  }
  return pcm;
}

t.test('encoding and sealing take less than 15 ms of CPU per second of a call', async (t) => {
  const calls = 20;
  const seconds = 12;
  const { recorder, open } = await recordingBench(t);
  const [pid] = childPids(process.pid, 'recorder-process') as [number];
  const pcm = conversation(seconds * 1000);
  const opened = await Promise.all(Array.from({ length: calls }, open));
  const taps = await Promise.all(opened.map(({ tapUrl }) => connectTap(tapUrl)));
  const before = cpuMs(pid);
  const startedAt = performance.now();
  const frameMs = 200; // As the embedded media engine sends.
  const frameBytes = 32 * frameMs;
  for (let at = 0; at < pcm.length; at += frameBytes) {
    const due = startedAt + (at / frameBytes) * frameMs - performance.now();
    if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
    for (const tap of taps) tap.sendRaw(pcm.subarray(at, at + frameBytes));
  }
  await Promise.all(taps.map((tap) => tap.close()));
  await Promise.all(opened.map(({ recordingId }) => recorder.stop(recordingId)));
  const perCallSecond = (cpuMs(pid) - before) / (calls * seconds);
  t.comment(
    `${perCallSecond.toFixed(2)} ms of CPU per call-second, ${(perCallSecond * 3.6).toFixed(1)} s per recorded hour`,
  );
  t.ok(perCallSecond < 15, `${perCallSecond.toFixed(2)} ms`);
});

t.test('260 calls are recorded at once: the encoder’s fixed memory is not the limit', async (t) => {
  const { recorder, recordings, open, path, identityFile } = await recordingBench(t);
  const told = new Set<string>();
  recorder.on('failed', ({ because }) => told.add(because));
  const opened = await Promise.all(Array.from({ length: 260 }, open));
  const [last] = opened.slice(-1) as [(typeof opened)[number]];
  const tap = await connectTap(last.tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 1000 });
  await tap.close();
  await Promise.all(opened.map(({ recordingId }) => recorder.stop(recordingId)));
  t.same([...told], []);
  t.ok([...recordings.rows.values()].every(({ state }) => state === 'complete'));
  t.ok(listen(ageOpen(path(last.recordingId), identityFile).stdout).level('left', 440, 100, 900) > 6000);
});
