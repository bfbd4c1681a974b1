// What a party is to hear of ours, kept so that another media server can play it again from its beginning. A play settles
// when it was heard to its end, replaced or stopped; that its server died in the middle settles nothing.

import type { Endpoint, Playback, PlaySource } from '../../media/endpoint.ts';

type How = 'finished' | 'stopped' | 'failed';

export interface KeptPlay {
  play(source: PlaySource, options: { loop?: boolean; over?: boolean } | undefined, at: Endpoint | undefined): Playback;
  /** At another server: what was to be heard is begun again. */
  again(at: Endpoint): void;
  /** The party is gone. */
  end(): void;
}

interface Play {
  source: PlaySource;
  options: { loop?: boolean; over?: boolean } | undefined;
  playback: Playback | undefined;
  settled: boolean;
  settle(how: How): void;
}

/** `lives`: resolves whether this endpoint is still the one in use, once a loss would have been told. */
export function createKeptPlay(lives: (endpoint: Endpoint) => Promise<boolean>): KeptPlay {
  let current: Play | undefined;
  let ended = false;

  function start(what: Play, at: Endpoint): void {
    const playback = at.play(what.source, what.options);
    what.playback = playback;
    void playback.finished.then(async (how) => {
      if (what.settled || what.playback !== playback) return;
      // Nobody asked it to stop: its server may be dying. Then it is played again.
      if (how === 'finished' || ((await lives(at)) && what.playback === playback)) what.settle(how);
    });
  }

  return {
    play(source, options, at) {
      let resolve: (how: How) => void = () => {};
      const finished = new Promise<How>((settle) => {
        resolve = settle;
      });
      const before = current;
      const what: Play = {
        source,
        options,
        playback: undefined,
        settled: false,
        settle(how) {
          if (what.settled) return;
          what.settled = true;
          if (current === what) current = undefined;
          resolve(how);
        },
      };
      current = what;
      if (at) start(what, at);
      before?.settle('stopped');
      if (ended) what.settle('stopped');
      return {
        finished,
        stop() {
          if (what.settled) return;
          what.settle('stopped');
          what.playback?.stop();
        },
      };
    },
    again(at) {
      if (current) start(current, at);
    },
    end() {
      ended = true;
      current?.settle('stopped');
    },
  };
}
