// How much audio may wait in memory while the storage refuses, for all recordings of a process together.

export interface MemoryBudget {
  readonly limitBytes: number;
  readonly usedBytes: number;
  /** Asked before audio is encoded: false means that it must be left out. */
  hasRoom(): boolean;
  take(bytes: number): void;
  release(bytes: number): void;
}

export function createMemoryBudget(limitBytes: number): MemoryBudget {
  let usedBytes = 0;
  return {
    limitBytes,
    get usedBytes() {
      return usedBytes;
    },
    hasRoom: () => usedBytes < limitBytes,
    take(bytes) {
      usedBytes += bytes;
    },
    release(bytes) {
      usedBytes -= bytes;
    },
  };
}
