export class OpusVoice {
  encode(_frame: Int16Array): Uint8Array {
    throw new Error('opus');
  }
  decode(_payload: Uint8Array, _into: Int16Array): number {
    throw new Error('opus');
  }
  conceal(_into: Int16Array): number {
    throw new Error('opus');
  }
  close(): void {}
}
