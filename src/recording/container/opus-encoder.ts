// The Opus encoder (libopus 1.3.1 as WebAssembly, from the package opus-recorder), fed with 16-bit stereo at 8 kHz.
// Gives bare packets: each side of the call is a mono stream of its own (RFC 6716 appendix B joins the two), because Opus'
// joint stereo lets one side be heard on the other at -16 to -28 dB at telephone bit rates; two streams keep them apart.
// The package's own Ogg writer is not used: its fixed pre-skip of 80 ms cuts that much off the start, and its last page is
// not trimmed to what was recorded. No resampler: Opus takes 8 kHz as it is.

import { createRequire } from 'node:module';
import { frameMs, inputRateHz } from './opus-format.ts';

const channels = 2;
const samplesPerFrame = (inputRateHz * frameMs) / 1000;
/** A memory of 16 MiB that cannot grow holds 238 mono encoders, two for each recording. */
const encodersPerModule = 90;
const maxPacketBytes = 4000;

interface OpusModule {
  calledRun?: boolean;
  onRuntimeInitialized?: () => void;
  HEAPU8: Uint8Array;
  HEAP32: Int32Array;
  HEAPF32: Float32Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _opus_encoder_create(rateHz: number, channels: number, application: number, error: number): number;
  _opus_encoder_ctl(encoder: number, request: number, args: number): number;
  _opus_encode_float(encoder: number, pcm: number, samples: number, out: number, outBytes: number): number;
  _opus_encoder_destroy(encoder: number): void;
}

// From opus_defines.h.
const applicationVoip = 2048;
const control = { setBitrate: 4002, setComplexity: 4010, getLookahead: 4027 } as const;

export interface OpusEncoder {
  /** What a player must skip at the start, in samples at 48 kHz (RFC 7845 §5.1). */
  readonly preSkip: number;
  /** Bytes of one frame of input: 20 ms of 16-bit little-endian stereo. */
  readonly frameBytes: number;
  /** Encodes exactly one frame. */
  encode(pcm: Buffer): Uint8Array;
  free(): void;
}

export interface OpusEncoders {
  create(options: { bitrate: number; complexity: number }): Promise<OpusEncoder>;
}

/** Loads the WebAssembly; resolves when encoders can be made. Further memories are loaded as they are needed. */
export async function loadOpusEncoders(): Promise<OpusEncoders> {
  const slots = [{ module: await loadModule(), used: 0 }];
  let loading: Promise<void> | undefined;

  async function loadAnother(): Promise<void> {
    slots.push({ module: await loadModule(), used: 0 });
    loading = undefined;
  }

  return {
    async create(options) {
      for (;;) {
        const slot = slots.find(({ used }) => used < encodersPerModule);
        if (slot) {
          slot.used++;
          return createEncoder(slot.module, options, () => slot.used--);
        }
        loading ??= loadAnother();
        await loading;
      }
    },
  };
}

async function loadModule(): Promise<OpusModule> {
  const require = createRequire(import.meta.url);
  const path = require.resolve('opus-recorder/dist/encoderWorker.min.js');
  delete require.cache[path];
  // Emscripten's start-up code catches every uncaught fault of the process and makes it an abort: not its business.
  const faults = ['uncaughtException', 'unhandledRejection'] as const;
  const before = faults.map((name) => new Set(process.listeners(name as 'uncaughtException')));
  const { Module } = require(path) as { Module: OpusModule };
  for (const [index, name] of faults.entries()) {
    for (const listener of process.listeners(name as 'uncaughtException')) {
      if (!before[index]!.has(listener)) process.off(name, listener);
    }
  }
  if (!Module.calledRun) await new Promise<void>((resolve) => (Module.onRuntimeInitialized = resolve));
  return Module;
}

function createEncoder(
  opus: OpusModule,
  options: Parameters<OpusEncoders['create']>[0],
  onFree: () => void,
): OpusEncoder {
  const perSide = { ...options, bitrate: Math.floor(options.bitrate / channels) };
  const left = createMonoEncoder(opus, perSide);
  const right = createMonoEncoder(opus, perSide);
  let freed = false;
  return {
    preSkip: left.preSkip,
    frameBytes: samplesPerFrame * channels * 2,
    encode: (pcm) => joinStreams(left.encode(pcm, 0), right.encode(pcm, 1)),
    free() {
      if (freed) return;
      freed = true;
      left.free();
      right.free();
      onFree();
    },
  };
}

/** Two packets in one: all but the last carry their length after the first byte (RFC 6716 appendix B, code 0 packets). */
function joinStreams(left: Uint8Array, right: Uint8Array): Uint8Array {
  if ((left[0]! & 3) !== 0) throw new Error('the Opus encoder made a packet of several frames');
  const frameBytes = left.length - 1;
  const length = frameBytes < 252 ? [frameBytes] : [252 + (frameBytes & 3), (frameBytes - 252 - (frameBytes & 3)) >> 2];
  const joined = new Uint8Array(left.length + length.length + right.length);
  joined[0] = left[0]!;
  joined.set(length, 1);
  joined.set(left.subarray(1), 1 + length.length);
  joined.set(right, 1 + length.length + frameBytes);
  return joined;
}

interface MonoEncoder {
  preSkip: number;
  /** Encodes one side of a frame of interleaved stereo. */
  encode(pcm: Buffer, side: 0 | 1): Uint8Array;
  free(): void;
}

function createMonoEncoder(opus: OpusModule, options: { bitrate: number; complexity: number }): MonoEncoder {
  const scratch = opus._malloc(8);
  const encoder = opus._opus_encoder_create(inputRateHz, 1, applicationVoip, scratch);
  const error = opus.HEAP32[scratch >> 2]!;
  if (error !== 0 || encoder === 0) throw new Error(`the Opus encoder could not be made (libopus says ${error})`);
  set(control.setBitrate, options.bitrate);
  set(control.setComplexity, options.complexity);
  const input = opus._malloc(samplesPerFrame * 4);
  const output = opus._malloc(maxPacketBytes);

  /** Variadic C arguments are a pointer to the arguments in memory. */
  function set(request: number, value: number): void {
    opus.HEAP32[scratch >> 2] = value;
    const result = opus._opus_encoder_ctl(encoder, request, scratch);
    if (result !== 0) throw new RangeError(`Opus refuses ${value} for its setting ${request} (libopus says ${result})`);
  }

  function get(request: number): number {
    opus.HEAP32[scratch >> 2] = scratch + 4;
    opus._opus_encoder_ctl(encoder, request, scratch);
    return opus.HEAP32[(scratch + 4) >> 2]!;
  }

  return {
    preSkip: (get(control.getLookahead) * 48_000) / inputRateHz,
    encode(pcm, side) {
      const at = input >> 2;
      const samples = opus.HEAPF32;
      for (let i = 0, from = side * 2; i < samplesPerFrame; i++, from += 4) {
        samples[at + i] = (pcm[from]! | ((pcm[from + 1]! << 24) >> 16)) / 32768;
      }
      const length = opus._opus_encode_float(encoder, input, samplesPerFrame, output, maxPacketBytes);
      if (length < 0) throw new Error(`a frame could not be encoded (libopus says ${length})`);
      return opus.HEAPU8.slice(output, output + length);
    },
    free() {
      opus._opus_encoder_destroy(encoder);
      for (const pointer of [scratch, input, output]) opus._free(pointer);
    },
  };
}
