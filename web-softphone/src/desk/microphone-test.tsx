// Shows that the microphone hears: a bar that moves with the voice. The sound goes nowhere.

import { useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { Icon } from '../controls/icon.tsx';
import { useStore } from '../state/store.ts';
import { useWords } from '../text/language.tsx';
import { useDesk } from './desk-context.ts';

/** Louder than this for half a second: somebody speaks. Full scale is 1. */
const speechLevel = 0.05;
const speechFrames = 15;

export function MicrophoneTest() {
  const { prepare: words } = useWords();
  const { devices } = useDesk();
  const { chosen } = useStore(devices.store);
  const [stream, setStream] = useState<MediaStream>();
  const [heard, setHeard] = useState(false);
  const bar = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!stream) return;
    let loud = 0;
    const stop = watchLevel(stream, (level) => {
      bar.current?.style.setProperty('--level', String(Math.min(1, level * 4)));
      loud = level > speechLevel ? loud + 1 : loud;
      if (loud === speechFrames) setHeard(true);
    });
    return () => {
      stop();
      for (const track of stream.getTracks()) track.stop();
    };
  }, [stream]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another microphone ends the test of the one before
  useEffect(() => {
    setStream(undefined);
    setHeard(false);
  }, [chosen.microphoneId]);

  return (
    <>
      <Button className="button" onPress={async () => setStream(stream ? undefined : await devices.openMicrophone())}>
        <Icon name="microphone" />
        {stream ? words.stopTest : words.test}
      </Button>
      <div className="level" ref={bar} data-on={stream !== undefined} role="img" aria-label={words.level}>
        <div className="level-bar" />
      </div>
      <p role="status" className="hint">
        {stream && (heard ? words.heard : words.testing)}
      </p>
    </>
  );
}

/** Full scale is 1; told with each frame that the page draws. The result ends it. */
export function watchLevel(stream: MediaStream, listener: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let frame = requestAnimationFrame(function read() {
    analyser.getFloatTimeDomainData(samples);
    listener(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
    frame = requestAnimationFrame(read);
  });
  return () => {
    cancelAnimationFrame(frame);
    void context.close();
  };
}
