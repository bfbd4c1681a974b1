// Having the customer key digits that nobody hears: what to ask for, how far it is, what came of it. Never a digit.

import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { DeskCall } from '../../../../src/api/contract.ts';
import { Icon } from '../../controls/icon.tsx';
import { useFetched } from '../../state/use-fetched.ts';
import { useLanguage } from '../../text/language.tsx';
import { useDesk } from '../desk-context.ts';

export function VerificationButton({ call }: { call: DeskCall }) {
  const { words, language } = useLanguage();
  const { talk } = useDesk().commands;
  const factors = useFetched(talk.factors) ?? [];
  const running = call.verification?.state === 'collecting' || call.verification?.state === 'checking';
  if (factors.length === 0) return null;
  return (
    <MenuTrigger>
      <Button className="button control" isDisabled={running}>
        <Icon name="lock" />
        {words.verification.ask}
      </Button>
      <Popover className="popover">
        <Menu
          className="menu"
          aria-label={words.verification.askFor}
          onAction={(factor) => void talk.verify(call.id, String(factor), language)}
        >
          {factors.map(({ name, label }) => (
            <MenuItem key={name} id={name} className="option">
              {label[language]}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

export function VerificationState({ call }: { call: DeskCall }) {
  return call.verification && <Verification callId={call.id} verification={call.verification} />;
}

interface VerificationProps {
  callId: string;
  verification: NonNullable<DeskCall['verification']>;
}

function Verification({ callId, verification }: VerificationProps) {
  const { words, language } = useLanguage();
  const { talk } = useDesk().commands;
  const factors = useFetched(talk.factors, verification.factor);
  const name = factors?.find((one) => one.name === verification.factor)?.label[language] ?? verification.factor;
  const running = verification.state === 'collecting' || verification.state === 'checking';
  return (
    <div className="talk-panel" data-kind="verification" data-state={verification.state}>
      <p role="status" className="with-icon">
        <Icon name={verification.state === 'verified' ? 'check' : running ? 'lock' : 'warning'} />
        {words.verification.states[verification.state](name)}
      </p>
      {running && (
        <>
          <p className="hint">{words.verification.hint}</p>
          <Button className="button small" onPress={() => void talk.stopVerifying(callId)}>
            {words.verification.stop}
          </Button>
        </>
      )}
    </div>
  );
}
