// What stands below a form that proves or changes something: what went wrong, a way out, and the button that sends it.

import { Button } from 'react-aria-components';
import { useWords } from '../text/language.tsx';

interface FormFootProps {
  problem: string | undefined;
  busy: boolean;
  /** Of the button that sends the form. */
  label: string;
  onCancel?: (() => void) | undefined;
}

export function FormFoot({ problem, busy, label, onCancel }: FormFootProps) {
  const { security, stepUp } = useWords().signInParts;
  return (
    <>
      <div role="alert" className="form-problem">
        {problem}
      </div>
      <div className="row end">
        {onCancel && (
          <Button className="button" onPress={onCancel}>
            {security.cancel}
          </Button>
        )}
        <Button type="submit" className="button primary" isPending={busy}>
          {busy ? stepUp.busy : label}
        </Button>
      </div>
    </>
  );
}
