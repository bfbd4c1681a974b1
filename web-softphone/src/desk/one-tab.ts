// One tab is the desk (Web Locks). Another one may take over: it steals the lock, and the first one learns of it.

export type Tenure = 'asking' | 'held' | 'elsewhere' | 'taken-over';

export interface OneTab {
  takeOver(): void;
  release(): void;
}

export function holdDesk(onChange: (tenure: Tenure) => void): OneTab {
  const locks = navigator.locks as LockManager | undefined;
  let letGo: (() => void) | undefined;
  let released = false;

  function request(options: LockOptions): void {
    if (!locks) return onChange('held');
    locks
      .request('engawa-desk', options, (lock) => {
        if (released) return;
        if (!lock) return onChange('elsewhere');
        onChange('held');
        return new Promise<void>((resolve) => {
          letGo = resolve;
        });
      })
      .catch(() => {
        if (!released) onChange('taken-over');
      });
  }

  onChange('asking');
  request({ ifAvailable: true });
  return {
    takeOver: () => request({ steal: true }),
    release() {
      released = true;
      letGo?.();
    },
  };
}
