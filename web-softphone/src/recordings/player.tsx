// One recording, opened: play and pause, a time line with its marks, speed, and the balance of both sides; by keyboard, too.
// What is heard is in memory only, and let go when the player goes.

import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react';
import { Button, ToggleButton } from 'react-aria-components';
import type { HeardRecording, PlayView } from '../../../src/api/contracts/playback.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { Icon } from '../controls/icon.tsx';
import { clockOf } from '../state/now.ts';
import { useRecordingsWords } from '../text/recordings-words.ts';
import { createSound, type Sound } from './sound.ts';
import { WatermarkOver } from './watermark.tsx';

export interface Playing {
  recording: HeardRecording;
  play: PlayView;
  /** A blob of this page's memory, or the server's stream. */
  source: { kind: 'memory'; ogg: ArrayBuffer } | { kind: 'server'; url: string };
  /** What a crash left was put together, or a part of it was harmed. */
  incomplete: boolean;
}

const speeds = [0.75, 1, 1.25, 1.5, 2] as const;
const stepSeconds = 5;

interface PlayerProps extends Playing {
  /** Somebody is listening. */
  onHeard(): void;
  onClose(): void;
}

export function Player({ recording, play, source, incomplete, onHeard, onClose }: PlayerProps) {
  const text = useRecordingsWords();
  const audio = useRef<HTMLAudioElement>(null);
  const sound = useRef<Sound>(undefined);
  const [running, setRunning] = useState(false);
  const [failed, setFailed] = useState(false);
  const [atMs, setAtMs] = useState(0);
  const [speed, setSpeed] = useState(1);
  const [balance, setBalance] = useState(0);
  const [apart, setApart] = useState(false);
  const lengthMs = useLength(audio, recording.durationMs ?? 0);

  useSource(audio, source, sound, () => setFailed(true));
  useEffect(() => {
    sound.current?.setBalance(balance);
    sound.current?.setApart(apart);
  }, [balance, apart]);

  const toggle = useCallback(() => {
    const element = audio.current;
    if (!element) return;
    if (!element.paused) return element.pause();
    void sound.current?.resume();
    // Refused while nobody has pressed anything: the button stays as it is.
    element.play().catch(() => undefined);
  }, []);

  function seek(toMs: number): void {
    if (!audio.current) return;
    audio.current.currentTime = Math.max(0, Math.min(lengthMs, toMs)) / 1000;
    setAtMs(Math.max(0, Math.min(lengthMs, toMs)));
  }

  function changeSpeed(next: number): void {
    setSpeed(next);
    if (audio.current) audio.current.playbackRate = next;
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (
      event.altKey ||
      event.ctrlKey ||
      event.metaKey ||
      (event.target as HTMLElement).closest('button, [role=option]')
    )
      return;
    const nearest = speeds.indexOf(speed as (typeof speeds)[number]);
    const acts: Record<string, () => void> = {
      ' ': toggle,
      k: toggle,
      arrowleft: () => seek(atMs - stepSeconds * 1000),
      arrowright: () => seek(atMs + stepSeconds * 1000),
      home: () => seek(0),
      end: () => seek(lengthMs),
      m: () => seek(play.marks.find((mark) => mark.atMs > atMs + 500)?.atMs ?? atMs),
      '<': () => changeSpeed(speeds[nearest - 1] ?? speed),
      '>': () => changeSpeed(speeds[nearest + 1] ?? speed),
    };
    const act = acts[event.key.toLowerCase()];
    // The balance has arrows of its own.
    if (!act || ((event.target as HTMLElement).id === 'player-balance' && event.key.startsWith('Arrow'))) return;
    event.preventDefault();
    act();
  }

  return (
    <section className="card player" aria-labelledby="player-title" onKeyDown={onKeyDown}>
      <div className="player-head">
        <h2 id="player-title">{text.player}</h2>
        <Button className="button small" onPress={onClose}>
          <Icon name="close" />
          {text.close}
        </Button>
      </div>
      <WatermarkOver {...play.watermark} />
      {incomplete && <p className="hint">{text.incomplete}</p>}
      {failed && <p className="problem">{text.cannotPlay}</p>}
      {/* biome-ignore lint/a11y/useMediaCaption: what customers say is nowhere in text */}
      <audio
        ref={audio}
        preload="auto"
        onPlay={() => setRunning(true)}
        onPause={() => setRunning(false)}
        onTimeUpdate={(event) => {
          setAtMs(event.currentTarget.currentTime * 1000);
          onHeard();
        }}
      />
      <div className="player-line">
        <Button className="button primary round" aria-label={running ? text.pause : text.play} onPress={toggle}>
          <Icon name={running ? 'pause' : 'play'} />
        </Button>
        <TimeLine atMs={atMs} lengthMs={lengthMs} marks={play.marks} onSeek={seek} />
        <span className="clock">
          {clockOf(atMs)} / {clockOf(lengthMs)}
        </span>
      </div>
      <div className="player-tools">
        <ChooseOne
          label={text.speed}
          options={speeds.map((each) => ({ id: String(each), label: `× ${each}` }))}
          chosen={String(speed)}
          onChoose={(id) => changeSpeed(Number(id))}
        />
        <div className="field">
          <label htmlFor="player-balance">{text.balance}</label>
          <div className="balance">
            <span>{text.customer}</span>
            <input
              id="player-balance"
              type="range"
              min={-1}
              max={1}
              step={0.1}
              value={balance}
              onChange={(event) => setBalance(Number(event.target.value))}
            />
            <span>{text.agent}</span>
          </div>
        </div>
        <ToggleButton className="button" isSelected={apart} onChange={setApart} data-on={apart}>
          {text.apart}
        </ToggleButton>
      </div>
      <p className="hint">{text.keys}</p>
    </section>
  );
}

interface TimeLineProps {
  atMs: number;
  lengthMs: number;
  marks: PlayView['marks'];
  onSeek(toMs: number): void;
}

function TimeLine({ atMs, lengthMs, marks, onSeek }: TimeLineProps) {
  const text = useRecordingsWords();
  const nameOf = (mark: string) => (text.marks as Record<string, string>)[mark] ?? mark;
  return (
    <div className="time-line">
      <input
        type="range"
        aria-label={text.position}
        aria-valuetext={clockOf(atMs)}
        min={0}
        max={Math.max(1, lengthMs)}
        step={100}
        value={Math.min(atMs, lengthMs)}
        onChange={(event) => onSeek(Number(event.target.value))}
      />
      {marks.length > 0 && (
        <ul className="marks">
          {marks.map(({ mark, atMs: markMs }) => (
            <li key={`${mark} ${markMs}`} style={{ insetInlineStart: `${(100 * markMs) / Math.max(1, lengthMs)}%` }}>
              <Button className="mark" aria-label={`${nameOf(mark)} ${clockOf(markMs)}`} onPress={() => onSeek(markMs)}>
                <Icon name="down" />
              </Button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** What the server told, until the browser knows better. */
function useLength(audio: React.RefObject<HTMLAudioElement | null>, toldMs: number): number {
  const [ms, setMs] = useState(toldMs);
  useEffect(() => {
    const element = audio.current;
    const known = () => {
      if (element && Number.isFinite(element.duration)) setMs(element.duration * 1000);
    };
    element?.addEventListener('durationchange', known);
    return () => element?.removeEventListener('durationchange', known);
  }, [audio]);
  return ms;
}

function useSource(
  audio: React.RefObject<HTMLAudioElement | null>,
  source: Playing['source'],
  sound: React.RefObject<Sound | undefined>,
  onFailed: () => void,
): void {
  const failed = useRef(onFailed);
  failed.current = onFailed;
  useEffect(() => {
    const element = audio.current;
    if (!element) return;
    const url =
      source.kind === 'server'
        ? source.url
        : URL.createObjectURL(new Blob([source.ogg], { type: 'audio/ogg; codecs=opus' }));
    const tell = () => failed.current();
    // A second look by React's strict mode finds the element joined already.
    sound.current ??= createSound(element);
    element.addEventListener('error', tell);
    element.src = url;
    void sound.current.resume();
    element.play().catch(() => undefined);
    return () => {
      element.removeEventListener('error', tell);
      element.pause();
      element.removeAttribute('src');
      element.load();
      if (source.kind === 'memory') URL.revokeObjectURL(url);
    };
  }, [audio, source, sound]);
  useEffect(
    () => () => {
      // After the element is gone from the page; strict mode puts it back at once.
      const closing = sound.current;
      setTimeout(() => {
        if (!audio.current) closing?.close();
      }, 0);
    },
    [audio, sound],
  );
}
