/** A command that cannot be done as asked; the parent makes an AppError of it. */
export class EngineFault extends Error {
  readonly code: 'not-found' | 'invalid-argument' | 'media-unavailable';

  constructor(code: EngineFault['code'], message: string) {
    super(message);
    this.code = code;
  }
}
