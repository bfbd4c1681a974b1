// 日本語 / English. Each is named in its own language.

import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import { type Language, useLanguage } from '../text/language.tsx';

export function LanguageSwitch() {
  const { language, choose, words } = useLanguage();
  return (
    <ToggleButtonGroup
      className="segments"
      aria-label={words.language}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[language]}
      onSelectionChange={(keys) => choose([...keys][0] as Language)}
    >
      <ToggleButton id="ja" className="segment">
        <span lang="ja">日本語</span>
      </ToggleButton>
      <ToggleButton id="en" className="segment">
        <span lang="en">English</span>
      </ToggleButton>
    </ToggleButtonGroup>
  );
}
