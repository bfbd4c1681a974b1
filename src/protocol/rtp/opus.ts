// Opus packets (RFC 6716, payload format RFC 7587) with libopus as WebAssembly, from the package opus-recorder: one mono frame
// in, one bare packet out, and back. Opus takes and gives 8, 16 or 48 kHz whatever the RTP clock says, so that a call
// between Opus and G.711 needs no resampler. Concealment and in-band FEC come with the decoder.
//
// `loadOpus` is asynchronous because WebAssembly is; making and using codecs is not. A memory of 16 MiB holds a limited
// number of codecs and cannot grow: another is loaded before the last one is full.

import { createRequire } from 'node:module';
import { AppError } from '../../shared/errors.ts';

export interface OpusEncoderOptions {
  sampleRateHz: 8000 | 16000 | 48000;
  /** 24,000 unless told. */
  bitrate?: number;
  /** 0 to 10; 1 unless told: each step costs CPU, and speech at 24 kbit/s gains little from it. */
  complexity?: number;
  /** The loss to prepare for with in-band FEC, in percent; 0 (none) unless told. */
  expectedLossPercent?: number;
}

export interface OpusEncoder {
  /** Encodes 10, 20, 40 or 60 ms. The packet is valid until the next call of any encoder. */
  encode(frame: Int16Array): Uint8Array;
  free(): void;
}

export interface OpusDecoder {
  /** Decodes a packet into `into`; gives the number of samples, or -1 when the packet is no Opus packet. */
  decode(packet: Uint8Array, into: Int16Array): number;
  /** Makes up `samples` for a packet that is lost; from the following packet's FEC when that is at hand. */
  conceal(into: Int16Array, samples: number, following?: Uint8Array): number;
  free(): void;
}

export interface Opus {
  createEncoder(options: OpusEncoderOptions): OpusEncoder;
  createDecoder(options: { sampleRateHz: 8000 | 16000 | 48000 }): OpusDecoder;
}

interface Memory {
  HEAPU8: Uint8Array;
  HEAP32: Int32Array;
  HEAPF32: Float32Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

interface EncoderModule extends Memory {
  _opus_encoder_create(rateHz: number, channels: number, application: number, error: number): number;
  _opus_encoder_ctl(encoder: number, request: number, args: number): number;
  _opus_encode_float(encoder: number, pcm: number, samples: number, out: number, outBytes: number): number;
  _opus_encoder_destroy(encoder: number): void;
}

interface DecoderModule extends Memory {
  _opus_decoder_create(rateHz: number, channels: number, error: number): number;
  _opus_decode_float(decoder: number, data: number, bytes: number, pcm: number, samples: number, fec: number): number;
  _opus_decoder_destroy(decoder: number): void;
}

// From opus_defines.h.
const applicationVoip = 2048;
const control = { bitrate: 4002, complexity: 4010, inbandFec: 4012, expectedLoss: 4014 } as const;

const maxPacketBytes = 1500;
/** 120 ms at 48 kHz: the longest packet there is. */
const maxSamples = 5760;
const codecsPerModule = 160;

/** Loads libopus. Call once per process and share the result. */
export async function loadOpus(): Promise<Opus> {
  const encoders = await createShelf(loadEncoderModule);
  const decoders = await createShelf(loadDecoderModule);
  return {
    createEncoder: (options) => makeEncoder(encoders.take(), options),
    createDecoder: (options) => makeDecoder(decoders.take(), options.sampleRateHz),
  };
}

/** A module with room to work in, and a place on its shelf that is given back once. */
interface Place<M> {
  module: M;
  packetAt: number;
  pcmAt: number;
  leave(): void;
}

interface Loaded<M> {
  module: M;
  used: number;
  packetAt: number;
  pcmAt: number;
}

async function createShelf<M extends Memory>(load: () => Promise<M>): Promise<{ take(): Place<M> }> {
  const equip = async (): Promise<Loaded<M>> => {
    const module = await load();
    return { module, used: 0, packetAt: module._malloc(maxPacketBytes), pcmAt: module._malloc(maxSamples * 4) };
  };
  const all = [await equip()];
  let coming = false;
  const keepSpare = () => {
    const free = all.reduce((sum, each) => sum + codecsPerModule - each.used, 0);
    if (coming || free > codecsPerModule / 2) return;
    coming = true;
    void equip().then((loaded) => {
      all.push(loaded);
      coming = false;
    });
  };
  return {
    take() {
      const loaded = all.find((each) => each.used < codecsPerModule);
      if (!loaded) {
        throw new AppError(
          'media-unavailable',
          'Too many Opus codecs were wanted at the same instant: try again, or add an engine.',
        );
      }
      loaded.used++;
      keepSpare();
      let left = false;
      const leave = () => {
        if (!left) loaded.used--;
        left = true;
      };
      return { module: loaded.module, packetAt: loaded.packetAt, pcmAt: loaded.pcmAt, leave };
    },
  };
}

function makeEncoder(place: Place<EncoderModule>, options: OpusEncoderOptions): OpusEncoder {
  const { module, packetAt, pcmAt } = place;
  const word = module._malloc(4);
  const encoder = module._opus_encoder_create(options.sampleRateHz, 1, applicationVoip, word);
  const set = (request: number, value: number) => {
    module.HEAP32[word >> 2] = value;
    module._opus_encoder_ctl(encoder, request, word);
  };
  set(control.bitrate, options.bitrate ?? 24_000);
  set(control.complexity, options.complexity ?? 1);
  const loss = options.expectedLossPercent ?? 0;
  set(control.inbandFec, loss > 0 ? 1 : 0);
  set(control.expectedLoss, loss);
  module._free(word);
  let freed = false;
  return {
    encode(frame) {
      const pcm = module.HEAPF32;
      const base = pcmAt >> 2;
      for (let i = 0; i < frame.length; i++) pcm[base + i] = frame[i]! / 32768;
      const bytes = module._opus_encode_float(encoder, pcmAt, frame.length, packetAt, maxPacketBytes);
      if (bytes < 0) throw new AppError('internal', `libopus refuses a frame of ${frame.length} samples (${bytes})`);
      return module.HEAPU8.subarray(packetAt, packetAt + bytes);
    },
    free() {
      if (!freed) module._opus_encoder_destroy(encoder);
      freed = true;
      place.leave();
    },
  };
}

function makeDecoder(place: Place<DecoderModule>, sampleRateHz: number): OpusDecoder {
  const { module, packetAt, pcmAt } = place;
  const word = module._malloc(4);
  const decoder = module._opus_decoder_create(sampleRateHz, 1, word);
  module._free(word);
  const most = (sampleRateHz * 120) / 1000;
  let freed = false;

  function run(bytes: number, into: Int16Array, samples: number, fec: 0 | 1): number {
    const data = bytes === 0 ? 0 : packetAt;
    const count = module._opus_decode_float(decoder, data, bytes, pcmAt, samples, fec);
    if (count < 0) return -1;
    const pcm = module.HEAPF32;
    const base = pcmAt >> 2;
    const kept = Math.min(count, into.length);
    for (let i = 0; i < kept; i++) {
      const value = pcm[base + i]! * 32768;
      into[i] = value > 32767 ? 32767 : Math.max(value, -32768);
    }
    return kept;
  }

  return {
    decode(packet, into) {
      if (packet.length === 0 || packet.length > maxPacketBytes) return -1;
      module.HEAPU8.set(packet, packetAt);
      return run(packet.length, into, most, 0);
    },
    conceal(into, samples, following) {
      const wanted = Math.min(samples, most);
      if (!following || following.length === 0 || following.length > maxPacketBytes) return run(0, into, wanted, 0);
      module.HEAPU8.set(following, packetAt);
      return run(following.length, into, wanted, 1);
    },
    free() {
      if (!freed) module._opus_decoder_destroy(decoder);
      freed = true;
      place.leave();
    },
  };
}

async function loadEncoderModule(): Promise<EncoderModule> {
  const { Module } = requireAlone('opus-recorder/dist/encoderWorker.min.js') as {
    Module: EncoderModule & { calledRun?: boolean; onRuntimeInitialized?: () => void };
  };
  if (!Module.calledRun) await new Promise<void>((resolve) => (Module.onRuntimeInitialized = resolve));
  return Module;
}

async function loadDecoderModule(): Promise<DecoderModule> {
  const module = requireAlone('opus-recorder/dist/decoderWorker.min.js') as DecoderModule & {
    mainReady: Promise<void>;
  };
  await module.mainReady;
  return module;
}

/**
 * Requires a fresh copy of a script that was made for browsers, without what it does to a Node process besides: it would
 * catch every uncaught fault, leave an `onmessage`, and fetch its WebAssembly from a path as if that were a URL.
 */
function requireAlone(name: string): unknown {
  const require = createRequire(import.meta.url);
  const path = require.resolve(name);
  delete require.cache[path];
  const faults = ['uncaughtException', 'unhandledRejection'] as const;
  const listeners = faults.map((fault) => new Set<unknown>(process.listeners(fault as 'uncaughtException')));
  const scope = globalThis as { fetch?: unknown; onmessage?: unknown };
  const { fetch, onmessage } = scope;
  try {
    scope.fetch = undefined;
    return require(path);
  } finally {
    scope.fetch = fetch;
    if (onmessage === undefined) delete scope.onmessage;
    else scope.onmessage = onmessage;
    for (const [index, fault] of faults.entries()) {
      for (const listener of process.listeners(fault as 'uncaughtException')) {
        if (!listeners[index]!.has(listener)) process.off(fault, listener);
      }
    }
  }
}
