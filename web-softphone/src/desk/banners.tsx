// What is wrong with the connection, the softphone or a device, and what the server refused. One line each, above the desk.

import { type ReactNode, useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import { Icon } from '../controls/icon.tsx';
import { useStore } from '../state/store.ts';
import { refusal, useWords, type Words } from '../text/language.tsx';
import { useDesk, useDeskState } from './desk-context.ts';
import type { Notice } from './desk-model.ts';

/** A connection that is back within this time was no news. */
const patienceMs = 1500;

export function Banners() {
  const words = useWords();
  const { devices, resumeAudio, dismissNotice } = useDesk();
  const { feed, phone, shift, view, audioBlocked, notice } = useDeskState();
  const { lost } = useStore(devices.store);
  const feedLost = useLasting(feed === 'lost');
  const phoneLost = useLasting(shift === 'on' && phone === 'reconnecting' && view?.device !== 'telephone');

  return (
    <div role="status" className="banners">
      {audioBlocked && (
        <Banner kind="urgent">
          <span>{words.call.audioBlocked}</span>
          <Button className="button primary" onPress={() => void resumeAudio()}>
            <Icon name="speaker" />
            {words.call.resumeAudio}
          </Button>
        </Banner>
      )}
      {feedLost && <Banner kind="urgent">{words.banner.feedLost}</Banner>}
      {phoneLost && <Banner kind="urgent">{view?.call ? words.banner.phoneLostInCall : words.banner.phoneLost}</Banner>}
      {lost !== undefined && <Banner kind="notice">{words.banner.deviceLost(lost)}</Banner>}
      {notice && (
        <Banner kind={notice.kind === 'microphone' ? 'urgent' : 'notice'}>
          <span>{sentenceOf(notice, words)}</span>
          <Button className="button quiet small" aria-label={words.banner.dismiss} onPress={dismissNotice}>
            <Icon name="close" />
          </Button>
        </Banner>
      )}
    </div>
  );
}

function Banner({ kind, children }: { kind: 'urgent' | 'notice'; children: ReactNode }) {
  return (
    <div className="banner" data-kind={kind}>
      <Icon name="warning" />
      {children}
    </div>
  );
}

function sentenceOf(notice: Notice, words: Words): string {
  if (notice.kind === 'microphone') return words.microphone[notice.microphone ?? 'unknown'];
  if (notice.kind === 'microphone-lost') return words.banner.microphoneLost;
  return refusal(words, notice.refused);
}

function useLasting(condition: boolean): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!condition) return setLasting(false);
    const timer = setTimeout(() => setLasting(true), patienceMs);
    return () => clearTimeout(timer);
  }, [condition]);
  return lasting;
}
