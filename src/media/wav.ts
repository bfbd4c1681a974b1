// WAV files (RIFF, WAVE_FORMAT_PCM 8 and 16 bit, A-law, µ-law) to and from samples in memory.
// Several channels are averaged to one. Does not resample and does not stream: prompts are short.

import { decodeG711 } from '../protocol/rtp/g711.ts';

export interface Sound {
  sampleRateHz: number;
  samples: Int16Array;
}

export type WavRead = { kind: 'ok'; sound: Sound } | { kind: 'invalid'; because: string };

const formatPcm = 1;
const formatALaw = 6;
const formatMuLaw = 7;
const formatExtensible = 0xfffe;

interface WavFormat {
  code: number;
  channels: number;
  sampleRateHz: number;
  bits: number;
}

function sampleReader(data: Buffer, format: WavFormat): ((index: number) => number) | undefined {
  if (format.code === formatPcm && format.bits === 16) return (i) => data.readInt16LE(i * 2);
  if (format.code === formatPcm && format.bits === 8) return (i) => (data[i]! - 128) << 8;
  if (format.bits !== 8 || (format.code !== formatMuLaw && format.code !== formatALaw)) return undefined;
  const linear = new Int16Array(data.length);
  decodeG711(format.code === formatMuLaw ? 'PCMU' : 'PCMA', data, linear);
  return (i) => linear[i]!;
}

function readFormat(chunk: Buffer): WavFormat | undefined {
  if (chunk.length < 16) return undefined;
  const code = chunk.readUInt16LE(0);
  return {
    code: code === formatExtensible && chunk.length >= 26 ? chunk.readUInt16LE(24) : code,
    channels: chunk.readUInt16LE(2),
    sampleRateHz: chunk.readUInt32LE(4),
    bits: chunk.readUInt16LE(14),
  };
}

/** Reads a WAV file. A data chunk whose length is wrong or unknown (streamed files) is read as far as there is data. */
export function readWav(file: Buffer): WavRead {
  if (file.length < 12 || file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    return { kind: 'invalid', because: 'not a RIFF/WAVE file' };
  }
  let format: WavFormat | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const body = file.subarray(at + 8, Math.min(file.length, at + 8 + length));
    if (name === 'fmt ') format = readFormat(body);
    if (name === 'data')
      return format ? decode(body, format) : { kind: 'invalid', because: 'no fmt chunk before data' };
    at += 8 + length + (length % 2);
  }
  return { kind: 'invalid', because: 'no data chunk' };
}

function decode(data: Buffer, format: WavFormat): WavRead {
  const read = sampleReader(data, format);
  if (!read) return { kind: 'invalid', because: `format ${format.code} with ${format.bits} bits is not supported` };
  if (format.channels < 1 || format.channels > 8) return { kind: 'invalid', because: `${format.channels} channels` };
  if (format.sampleRateHz < 4000 || format.sampleRateHz > 192_000) {
    return { kind: 'invalid', because: `${format.sampleRateHz} samples a second` };
  }
  const { channels } = format;
  const samples = new Int16Array(Math.floor(data.length / (format.bits / 8) / channels));
  for (let i = 0; i < samples.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read(i * channels + channel);
    samples[i] = Math.round(sum / channels);
  }
  return { kind: 'ok', sound: { sampleRateHz: format.sampleRateHz, samples } };
}

/** A mono 16-bit PCM file. */
export function writeWav({ sampleRateHz, samples }: Sound): Buffer {
  const bytes = samples.length * 2;
  const file = Buffer.alloc(44 + bytes);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(36 + bytes, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(formatPcm, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(sampleRateHz, 24);
  file.writeUInt32LE(sampleRateHz * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(bytes, 40);
  for (let i = 0; i < samples.length; i++) file.writeInt16LE(samples[i]!, 44 + i * 2);
  return file;
}
